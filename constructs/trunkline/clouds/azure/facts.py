"""Microsoft Azure, without its binding."""

from __future__ import annotations

import re

from trunkline.clouds.facts import CloudFacts, ConsoleCommand, Disk, Interconnect, Sizes
from trunkline.probing.metadata import MetadataRequest, PhysicalZoneQuery
from trunkline.terraform.refusals import Refusal

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

_COMMON = (
    "B1ls B1s B1ms B2s B2ms B4ms B2ts_v2 B2ls_v2 B2s_v2 B2ats_v2 B2als_v2 B2as_v2 B2pts_v2 "
    "B2pls_v2 B2ps_v2 B4pls_v2 B4ps_v2 D2s_v5 D2as_v5 D2ps_v5 D2pls_v5 D2ls_v5 D4s_v5 D4ps_v5 "
    "D2ps_v6 D2pls_v6 F2s_v2 F4s_v2 E2s_v5 E2ps_v5"
)

SIZES = Sizes(
    defaults=("Standard_B2pts_v2",),
    pattern=r"(Standard|Basic)_[A-Za-z0-9_-]+",
    example="Standard_B2pls_v2",
    # Family, processors, letters for features in this order, accelerator, version.
    usual=(
        r"Basic_A[0-4]|Standard_[A-Z]{1,2}[0-9]+(-[0-9]+)?i?[ap]?[blmrt]?d?m?s?r?"
        r"(_[A-Z0-9]+){0,2}(_v[0-9]+)?(_Promo)?"
    ),
    common=tuple(f"Standard_{size}" for size in _COMMON.split()),
    # Arm sizes have a p among the letters after the number of processors:
    # https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
    arm=r"Standard_[A-Z]+\d+(-\d+)?[a-z]*p",
)

# Sizes on which Trusted Launch is known to work. Of Arm the newest alone: the families on Ampere
# processors (Bpsv2, Dpsv5, Epsv5) have none. Confidential sizes (DC, EC), the oldest ones and
# those with accelerators are left out.
# https://learn.microsoft.com/azure/virtual-machines/trusted-launch#virtual-machines-sizes
# That page counts Bpsv2 in with its family; Azure lists it as TrustedLaunchDisabled:
# https://learn.microsoft.com/azure/virtual-machines/trusted-launch-faq
_TRUSTED_LAUNCH = re.compile(
    r"Standard_("
    r"B\d+[a-oq-z]+(_v2)?"
    r"|[DE]\d+(-\d+)?[a-oq-z]*s_v3"
    r"|DS\d+(-\d+)?_v2"
    r"|[DE]\d+(-\d+)?[a-oq-z]*_v[4-7]"
    r"|[DE]\d+(-\d+)?p[a-z]*_v6"
    r"|F\d+s_v2|FX\d+[a-z]*(_v2)?|F\d+a[a-z]*_v[67]"
    r"|L\d+[a-z]*_v[2-4]"
    r")"
)


def has_trusted_launch(size: str) -> bool:
    """Whether machines of this size can have Secure Boot and a virtual TPM."""
    return _TRUSTED_LAUNCH.fullmatch(size) is not None


# The size of the image: nothing else is asked for.
DISK = Disk(kind="StandardSSD_LRS", gib=30)

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

REFUSALS = (
    Refusal(
        r"unable to build authorizer|could not configure AzureCli Authorizer|az login|AADSTS",
        "log in to Azure: az login",
    ),
    Refusal(
        r"AuthorizationFailed",
        "give these credentials that permission in Azure, or use others",
    ),
)

# https://learn.microsoft.com/cli/azure/vm/boot-diagnostics#az-vm-boot-diagnostics-get-boot-log
CONSOLE = ConsoleCommand(
    program="az",
    install="https://learn.microsoft.com/cli/azure/install-azure-cli",
    read=(
        *("vm", "boot-diagnostics", "get-boot-log", "--name", "{machine}"),
        *("--resource-group", "{group}", "--subscription", "{account}"),
    ),
    permission="Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
)

INTERCONNECTS = {
    "aws": Interconnect(
        regions={
            "eastus": "us-east-1",
            "westus": "us-west-1",
            "australiaeast": "ap-southeast-2",
            "germanywestcentral": "eu-central-1",
        },
        packet_bytes=1400,  # as between its machines, and the lab that ran one says the same
        source="https://learn.microsoft.com/azure/multicloud-interconnect/availability-limits",
        date="2026-11",
    ),
}

FACTS = CloudFacts(
    title="Azure",
    credentials="Azure subscription {account}",
    machine_type="azurerm_linux_virtual_machine",
    refusals=REFUSALS,
    regions=frozenset(_REGIONS.split()),
    regions_without_zones=frozenset(_WITHOUT_ZONES.split()),
    zones=("1", "2", "3"),
    physical_zone_example="an Azure zone such as eastus-az1",
    metadata=METADATA,
    # The second is the address of the platform itself: DNS, health and extensions.
    metadata_hosts=frozenset(("169.254.169.254", "168.63.129.16")),
    # https://learn.microsoft.com/azure/virtual-network/virtual-network-tcpip-performance-tuning
    packet_bytes=1400,
    # https://learn.microsoft.com/azure/private-link/private-endpoint-dns
    local_domains=(
        "azure.com",
        "azure.net",
        "azuredatabricks.net",
        "azureml.ms",
        "internal.cloudapp.net",
        "windows.net",
    ),
    interconnects=INTERCONNECTS,
    sizes=SIZES,
    disk=DISK,
    reserved_tags=("azure", "microsoft", "windows"),
    # https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations:
    # 50 for most, and 15 for a vault's secret.
    most_tags=15,
    example_account=r"0{8}-.*|12345678-.*|(.)\1{7}-.*",
    console=CONSOLE,
    telemetry_provider="azure",
    perfkit_cloud="Azure",
    perfkit_zone="{region}-{zone}",
)
