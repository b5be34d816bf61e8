"""Cloudflare Mesh: a connector for each node, and the profile of their machines."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import Fn
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zero_trust_tunnel_warp_connector_token import (
    DataCloudflareZeroTrustTunnelWarpConnectorToken,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_device_custom_profile import (
    ZeroTrustDeviceCustomProfile,
    ZeroTrustDeviceCustomProfileInclude,
    ZeroTrustDeviceCustomProfileServiceModeV2,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_device_custom_profile_local_domain_fallback import (
    ZeroTrustDeviceCustomProfileLocalDomainFallback,
    ZeroTrustDeviceCustomProfileLocalDomainFallbackDomains,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_cloudflared_route import (
    ZeroTrustTunnelCloudflaredRoute,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_warp_connector import (
    ZeroTrustTunnelWarpConnector,
)
from constructs import Construct

COMMENT = "made by trunkline"


def add_connector(scope: Construct, id: str, *, account_id: str, name: str, network: str) -> str:
    """A connector that the range `network` leads to, in the account's default virtual network.

    Returns its token, marked as sensitive, because the provider does not do so (5.14.0). Whatever
    uses it ends before the connector: one that has connections cannot be deleted.
    https://developers.cloudflare.com/mesh/features/routes/
    """
    connector = ZeroTrustTunnelWarpConnector(
        scope, f"connector-{id}", account_id=account_id, name=name
    )
    ZeroTrustTunnelCloudflaredRoute(
        scope,
        f"connector-{id}-route",
        account_id=account_id,
        tunnel_id=str(connector.id),
        network=network,
        comment=COMMENT,
    )
    found = DataCloudflareZeroTrustTunnelWarpConnectorToken(
        scope,
        f"connector-{id}-token",
        account_id=account_id,
        tunnel_id=str(connector.id),
    )
    return str(Fn.sensitive(found.token))


def add_mesh_profile(
    scope: Construct,
    id: str,
    *,
    account_id: str,
    name: str,
    team: str,
    precedence: int,
    ranges: Sequence[str],
    domains: Sequence[str],
) -> None:
    """How the machines of all connectors of the account use it: what they send there, and ask.

    `ranges` alone go through Cloudflare, and names below `domains` are asked for by the DNS of each
    machine's own network. Connectors are known by an address of their team:
    https://developers.cloudflare.com/mesh/get-started/#required-account-settings
    """
    profile = ZeroTrustDeviceCustomProfile(
        scope,
        id,
        account_id=account_id,
        name=name,
        description=COMMENT,
        enabled=True,
        precedence=precedence,
        match=f'identity.email == "warp_connector@{team}.cloudflareaccess.com"',
        service_mode_v2=ZeroTrustDeviceCustomProfileServiceModeV2(mode="warp"),
        tunnel_protocol="masque",
        include=[ZeroTrustDeviceCustomProfileInclude(address=each) for each in ranges],
    )
    ZeroTrustDeviceCustomProfileLocalDomainFallback(
        scope,
        f"{id}-domains",
        account_id=account_id,
        policy_id=str(profile.id),
        domains=[
            ZeroTrustDeviceCustomProfileLocalDomainFallbackDomains(suffix=domain)
            for domain in domains
        ],
    )
