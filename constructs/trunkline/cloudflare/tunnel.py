"""Tunnels to edges without an inbound port."""

from __future__ import annotations

from cdktf import Fn, Token
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


def add_tunnel(
    scope: Construct, id: str, *, account_id: str, name: str, hostname: str, service: str
) -> tuple[str, str]:
    """A tunnel that leads `hostname` to `service` on its machine: its DNS target and its token."""
    made = ZeroTrustTunnelCloudflared(
        scope, id, account_id=account_id, name=name, config_src="cloudflare"
    )
    ZeroTrustTunnelCloudflaredConfigA(
        scope,
        f"{id}-config",
        account_id=account_id,
        tunnel_id=made.id,
        config=ZeroTrustTunnelCloudflaredConfigConfig(
            ingress=[
                ZeroTrustTunnelCloudflaredConfigConfigIngress(hostname=hostname, service=service),
                # A last rule without a hostname is required.
                ZeroTrustTunnelCloudflaredConfigConfigIngress(service="http_status:404"),
            ]
        ),
    )
    token = DataCloudflareZeroTrustTunnelCloudflaredToken(
        scope, f"{id}-token", account_id=account_id, tunnel_id=made.id
    )
    # The provider does not mark the token as sensitive.
    return f"{made.id}.cfargotunnel.com", Token.as_string(Fn.sensitive(token.token))
