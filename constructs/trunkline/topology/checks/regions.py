"""Regions known when this was written. An unknown one is a warning only: clouds keep growing."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


REGIONS: Mapping[str, frozenset[str]] = {
    "aws": _words(
        "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
        "ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 "
        "ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 "
        "eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 "
        "il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 "
        "us-gov-east-1 us-gov-west-1 us-west-1 us-west-2"
    ),
    "google": _words(
        "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 "
        "asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 "
        "australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 "
        "europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 "
        "europe-west4 europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 "
        "northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 "
        "southamerica-west1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 "
        "us-west3 us-west4"
    ),
    "azure": _words(
        "australiacentral australiacentral2 australiaeast australiasoutheast austriaeast "
        "belgiumcentral brazilsouth brazilsoutheast canadacentral canadaeast centralindia "
        "centralus chilecentral chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3 "
        "eastasia eastus eastus2 francecentral francesouth germanynorth germanywestcentral "
        "indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral "
        "jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth "
        "northcentralus northeurope norwayeast norwaywest polandcentral qatarcentral "
        "southafricanorth southafricawest southcentralus southeastasia southindia spaincentral "
        "swedencentral swedensouth switzerlandnorth switzerlandwest uaecentral uaenorth uksouth "
        "ukwest usgovarizona usgovtexas usgovvirginia westcentralus westeurope westindia westus "
        "westus2 westus3"
    ),
}

AZURE_WITHOUT_ZONES = _words(
    "australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth "
    "germanynorth jioindiacentral jioindiawest koreasouth northcentralus norwaywest "
    "southafricawest southindia swedensouth switzerlandwest uaecentral ukwest westcentralus "
    "westindia westus"
)


def aws_partition(region: str) -> str:
    """The partition that an AWS region belongs to, as ARNs spell it."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
