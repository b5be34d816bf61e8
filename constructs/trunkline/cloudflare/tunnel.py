"""Tunnels to edges without an inbound port."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from cdktf import Fn
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zero_trust_tunnel_cloudflared_token import (
    DataCloudflareZeroTrustTunnelCloudflaredToken,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_cloudflared import (
    ZeroTrustTunnelCloudflared,
)
from cdktf_cdktf_provider_cloudflare.zero_trust_tunnel_cloudflared_config import (
    ZeroTrustTunnelCloudflaredConfigA,
    ZeroTrustTunnelCloudflaredConfigConfig,
    ZeroTrustTunnelCloudflaredConfigConfigIngress,
)
from constructs import Construct


@frozen
class TunnelEnds:
    """A tunnel that is made: what a CNAME points to, and cloudflared's token, an expression."""

    dns_target: str
    token: str


def add_tunnel(
    scope: Construct, id: str, *, account_id: str, name: str, services: Mapping[str, str]
) -> TunnelEnds:
    """A tunnel that leads each hostname of `services` to its service on the tunnel's machine.

    https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/routing-to-tunnel/dns/
    """
    tunnel = ZeroTrustTunnelCloudflared(
        scope, id, account_id=account_id, name=name, config_src="cloudflare"
    )
    tunnel_id = str(tunnel.id)
    config = _add_config(scope, f"{id}-config", account_id, tunnel_id, services)
    return TunnelEnds(
        dns_target=tunnel_address(tunnel_id),
        token=_token(scope, f"{id}-token", account_id, tunnel_id, config),
    )


def tunnel_address(tunnel_id: str) -> str:
    """The name that leads to a tunnel, within Cloudflare alone."""
    return f"{tunnel_id}.cfargotunnel.com"


def _add_config(
    scope: Construct, id: str, account_id: str, tunnel_id: str, services: Mapping[str, str]
) -> ZeroTrustTunnelCloudflaredConfigA:
    """The tunnel's only configuration: a second one would overwrite it."""
    rules = [
        *(
            ZeroTrustTunnelCloudflaredConfigConfigIngress(hostname=hostname, service=service)
            for hostname, service in services.items()
        ),
        # Cloudflare requires a last rule without a hostname:
        # https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/do-more-with-tunnels/local-management/configuration-file/
        ZeroTrustTunnelCloudflaredConfigConfigIngress(service="http_status:404"),
    ]
    return ZeroTrustTunnelCloudflaredConfigA(
        scope,
        id,
        account_id=account_id,
        tunnel_id=tunnel_id,
        config=ZeroTrustTunnelCloudflaredConfigConfig(ingress=rules),
    )


def _token(
    scope: Construct,
    id: str,
    account_id: str,
    tunnel_id: str,
    config: ZeroTrustTunnelCloudflaredConfigA,
) -> str:
    """The token, marked as sensitive, because the provider does not do so (5.14.0).

    Whatever uses it ends before the configuration and the tunnel: Cloudflare does not delete a
    tunnel that has connections (https://github.com/cloudflare/terraform-provider-cloudflare/issues/5255).
    """
    found = DataCloudflareZeroTrustTunnelCloudflaredToken(
        scope, id, account_id=account_id, tunnel_id=tunnel_id, depends_on=[config]
    )
    return str(Fn.sensitive(found.token))
