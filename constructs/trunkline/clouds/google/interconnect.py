"""This end of a link to another cloud: Partner Cross-Cloud Interconnect."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import Fn
from cdktf_cdktf_provider_google.compute_network_peering import ComputeNetworkPeering
from cdktf_cdktf_provider_google.project_service import ProjectService
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.clouds.base import LinkSpec, raw_provider, raw_resource
from trunkline.model import Site

# The binding's provider (google 6) has no transport. Its arguments, from the provider's pages:
# https://registry.terraform.io/providers/hashicorp/google-beta/7.34.0/docs/resources/network_connectivity_transport
SOURCE, VERSION = "hashicorp/google-beta", "7.34.0"
TRANSPORT = "google_network_connectivity_transport"
PROFILES = "https://networkconnectivity.googleapis.com/v1/projects"


def offer_link(
    scope: Construct,
    site: Site,
    network: str,
    link: LinkSpec,
    labels: Mapping[str, str],
    service: ProjectService,
) -> str:
    """A transport to the other cloud, and the network's peering with it; the transport's key.

    `service` turns Network Connectivity on. The steps are those of
    https://docs.cloud.google.com/network-connectivity/docs/interconnect/how-to/partner-cci-for-aws/create-connections-gcp-to-aws
    """
    name = short_name(link.name, 63)
    provider = raw_provider(
        scope,
        SOURCE,
        VERSION,
        project=site.account,
        region=site.region,
        impersonate_service_account=site.deploy_as,
    )
    profile = f"{link.cloud}-{link.region}"
    made = raw_resource(
        scope,
        "transport",
        TRANSPORT,
        provider,
        {
            "name": name,
            "region": site.region,
            "network": str(Fn.basename(network)),  # as the pages do
            "remote_profile": (
                f"{PROFILES}/{site.account}/locations/{site.region}/remoteTransportProfiles/{profile}"
            ),
            "remote_account_id": link.account,
            "bandwidth": _bandwidth(link.bandwidth),
            "advertised_routes": [site.network.cidr],
            "stack_type": "IPV4_ONLY",
            "labels": dict(labels),
        },
        [service],
    )
    ComputeNetworkPeering(
        scope,
        "peering",
        name=name,
        network=network,
        peer_network=f"${{{made}.peering_network}}",
        import_custom_routes=True,
        export_custom_routes=True,
    )
    return f"${{{made}.generated_activation_key}}"


def _bandwidth(text: str) -> str:
    """As the API names it: BPS_1G for 1Gbps."""
    return f"BPS_{text.removesuffix('bps')}"
