"""Google Cloud, without its binding."""

from __future__ import annotations

from trunkline.clouds.facts import CloudFacts, ConsoleCommand, Disk, Interconnect, Sizes
from trunkline.terraform.refusals import Refusal

_REGIONS = (
    "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 "
    "asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3 "
    "australia-southeast1 australia-southeast2 europe-central2 europe-north1 europe-north2 "
    "europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 "
    "europe-west4 europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 "
    "northamerica-northeast1 northamerica-northeast2 northamerica-south1 southamerica-east1 "
    "southamerica-west1 us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 "
    "us-west3 us-west4"
)

# https://cloud.google.com/compute/docs/regions-zones#available
_ZONE_LETTERS = {
    **dict.fromkeys(_REGIONS.split(), "abc"),
    "europe-west1": "bcd",
    "us-central1": "abcf",
    "us-east1": "bcd",
}

# https://cloud.google.com/compute/docs/machine-resource
_FAMILIES = (
    "a2|a3|a4|a4x|c2|c2d|c3|c3d|c4|c4a|c4d|e2|g2|g4|h3|h4d|m1|m2|m3|m4|n1|n2|n2d|n4|n4a|n4d|"
    "t2a|t2d|x4|z3"
)
_KINDS = (
    "standard|highmem|highcpu|megamem|ultramem|hypermem|highgpu|megagpu|ultragpu|edgegpu|maxgpu|"
    "highlssd|standardlssd"
)

SIZES = Sizes(
    defaults=("e2-micro",),
    pattern=r"[a-z][a-z0-9]*(-[a-z0-9]+)+",
    example="e2-small",
    usual=(
        r"e2-(micro|small|medium)|f1-micro|g1-small|"
        rf"({_FAMILIES})-({_KINDS})-[0-9]+[a-z]*(-[a-z0-9]+)*|"
        rf"(({_FAMILIES})-)?custom-[0-9]+-[0-9]+(-ext)?"
    ),
    common=(
        *("e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"),
        *(
            f"{family}-{kind}-{count}"
            for family in ("e2", "n2", "n2d", "n4", "c3", "c4", "c4a", "t2a", "t2d")
            for kind in ("standard", "highcpu", "highmem")
            for count in (1, 2, 4, 8)
        ),
    ),
    # The Arm series: https://cloud.google.com/compute/docs/instances/arm-on-compute
    arm=r"(t2a|c4a|n4a|a4x)-",
)

# They take no other disk: https://cloud.google.com/compute/docs/disks/hyperdisks#hyperdisk-balanced
HYPERDISK_ONLY = r"(c4|c4a|c4d|n4|n4a|n4d)-"

DISK = Disk(kind="pd-standard", gib=10, special={HYPERDISK_ONLY: "hyperdisk-balanced"})

REFUSALS = (
    Refusal(
        r"could not find default credentials|No credentials loaded|invalid_grant|invalid_rapt",
        "log in to Google Cloud: gcloud auth application-default login",
    ),
    Refusal(
        r"has not been used in project|SERVICE_DISABLED",
        "an interface of Google Cloud that was just turned on takes some minutes; run the command "
        "again",
    ),
)

INTERCONNECTS = {
    "aws": Interconnect(
        regions={
            "us-east4": "us-east-1",
            "us-west2": "us-west-1",
            "us-west1": "us-west-2",
            "europe-west2": "eu-west-2",
            "europe-west3": "eu-central-1",
            "asia-southeast1": "ap-southeast-1",
        },
        # The least that an attachment of an interconnect takes, by default; the transport's own
        # figure (mtu_limit) is known once it is there.
        packet_bytes=1440,
        source="https://docs.aws.amazon.com/interconnect/latest/userguide/region-availability.html",
        date="2026-11",
        resources=("google_network_connectivity_transport", "awscc_interconnect_connection"),
    ),
}

# Google maps zones to clusters for each organisation and exposes no physical zones.
# https://cloud.google.com/sdk/gcloud/reference/compute/instances/get-serial-port-output
CONSOLE = ConsoleCommand(
    program="gcloud",
    install="https://cloud.google.com/sdk/docs/install",
    read=(
        *("compute", "instances", "get-serial-port-output", "{machine}"),
        *("--zone", "{zone}", "--project", "{account}", "--quiet"),
    ),
    permission="compute.instances.getSerialPortOutput",
)

FACTS = CloudFacts(
    title="Google Cloud",
    credentials="Google project {account}",
    machine_type="google_compute_instance",
    refusals=REFUSALS,
    regions=frozenset(_REGIONS.split()),
    zone_prefix="{region}-",
    zone_letters=_ZONE_LETTERS,
    zones_date="2026",
    metadata_hosts=frozenset(("169.254.169.254", "metadata.google.internal", "metadata")),
    # https://cloud.google.com/vpc/docs/mtu
    packet_bytes=1460,
    local_domains=("googleapis.com", "internal"),
    interconnects=INTERCONNECTS,
    sizes=SIZES,
    disk=DISK,
    reserved_tags=("goog",),
    console=CONSOLE,
    telemetry_provider="gcp",
    perfkit_cloud="GCP",
)
