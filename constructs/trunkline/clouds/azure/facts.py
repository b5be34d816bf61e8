"""Microsoft Azure, without its binding."""

from __future__ import annotations

from trunkline.clouds.facts import CloudFacts, Prices, Sizes
from trunkline.probing.metadata import MetadataRequest, PhysicalZoneQuery

_REGIONS = (
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
)

_WITHOUT_ZONES = (
    "australiacentral australiacentral2 australiasoutheast brazilsoutheast canadaeast francesouth "
    "germanynorth jioindiacentral jioindiawest koreasouth northcentralus norwaywest "
    "southafricawest southindia swedensouth switzerlandwest uaecentral ukwest westcentralus "
    "westindia westus"
)

SIZES = Sizes(
    defaults=("Standard_B2pts_v2",),
    pattern=r"(Standard|Basic)_[A-Za-z0-9_-]+",
    example="Standard_B2pls_v2",
    # Arm sizes have a p among the letters after the number of processors:
    # https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
    arm=r"Standard_[A-Z]+\d+(-\d+)?[a-z]*p",
)

PRICES = Prices(
    machines={"Standard_B2pts_v2": 0.0084, "Standard_B1s": 0.0104},
    public_ipv4=0.005,
    region="eastus",
    source="https://azure.microsoft.com/pricing/details/virtual-machines/linux/",
    date="2026",
)

# The service writes `useast-AZ01`, with a name of the region of its own, where Resource Manager
# writes `eastus-az1`. That the numbers agree follows from how both are documented; nothing promises
# it. The field came with this version of the service:
# https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
_COMPUTE = "/metadata/instance/compute/{}?api-version=2023-11-15&format=text"

METADATA = PhysicalZoneQuery(
    requests=(
        MetadataRequest(
            path=_COMPUTE.format("physicalZone"),
            headers={"Metadata": "true"},
            pattern=r"(?i:.*-az)0*(?P<number>[1-9][0-9]*)",
        ),
        MetadataRequest(
            path=_COMPUTE.format("location"),
            headers={"Metadata": "true"},
            pattern=r"(?P<region>[a-z0-9]+)",
        ),
    ),
    physical_zone="{region}-az{number}",
)

FACTS = CloudFacts(
    title="Azure",
    credentials="Azure subscription {account}",
    regions=frozenset(_REGIONS.split()),
    regions_without_zones=frozenset(_WITHOUT_ZONES.split()),
    zones=("1", "2", "3"),
    physical_zone_example="an Azure zone such as eastus-az1",
    metadata=METADATA,
    # The second is the address of the platform itself: DNS, health and extensions.
    metadata_hosts=frozenset(("169.254.169.254", "168.63.129.16")),
    sizes=SIZES,
    prices=PRICES,
    reserved_tags=("azure", "microsoft", "windows"),
    # https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations:
    # 50 for most, and 15 for a vault's secret.
    most_tags=15,
    perfkit_cloud="Azure",
    perfkit_zone="{region}-{zone}",
)
