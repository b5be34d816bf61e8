"""An Envoy in a site's network."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from attrs import frozen
from constructs import Construct

from trunkline.clouds import cloud_class
from trunkline.clouds.base import ANYWHERE, WEB, Cloud, Firewall, MachineSpec, Rule, Secret
from trunkline.envoy import Listener, LoopbackListener, TlsListener, bootstrap
from trunkline.model import Site, Upstream
from trunkline.patterns import cloudflare_ranges
from trunkline.payload import EdgePayload
from trunkline.payload.edge import ADMIN_SOCKET, CERTIFICATE, CLIENT_CA, PRIVATE_KEY

# https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/tunnel-with-firewall/
TUNNEL = (
    Rule(name="tunnel-quic", port=7844, protocol="udp"),
    Rule(name="tunnel-http2", port=7844),
)


@frozen
class Tunnel:
    """Reached through cloudflared, without an inbound port; `token` is a Terraform expression.

    The token reaches the machine through the cloud's secret store, never in its user data.
    """

    token: str


@frozen
class Public:
    """Reached on port 443 from `sources`, with Cloudflare's client certificate only."""

    sources: tuple[str, ...] = cloudflare_ranges.IPV4


@frozen
class Loopback:
    """Reached without TLS from the edge's own machine only, by whatever leads there."""

    port: int = 8080
    address: str = "127.0.0.1"


Exposure = Tunnel | Public | Loopback


class EdgeProxy(Construct):
    """An Envoy in a site's network, in its chosen zone.

    It answers `/healthz` and every prefix of `routes`: from the site's upstream, or, where there is
    none, with a JSON object that says where it stands. `name` begins the names of all resources and
    must be unique in the account and region. The stack needs the provider of the site's cloud.

    >>> EdgeProxy(
    ...     stack,
    ...     "edge",
    ...     site=Site(name="api", cloud="aws", region="us-east-1", zone="us-east-1a"),
    ...     routes=["/api"],
    ...     exposure=Tunnel(token.string_value),
    ... )

    After construction `public_address`, `private_address` and `machine_id` are Terraform
    expressions. Raises ConfigurationError for an unknown cloud, a binding that is not installed, or
    user data that the cloud does not take.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        site: Site,
        exposure: Exposure,
        routes: Sequence[str] = ("/",),
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        name = name or f"edge-{site.name}"
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network([site.zone])
        token = _keep_token(cloud, exposure)
        upstream = cloud.upstream()
        machine = cloud.machine(
            "machine",
            MachineSpec(
                name=name,
                zone=site.zone,
                size=site.machine,
                payload=_payload(site, upstream, routes, exposure, token),
                firewall=_firewall(upstream, exposure),
                secret=token,
                static_address=isinstance(exposure, Public),
            ),
            network,
        )
        self.machine_id = machine.id
        self.public_address = machine.public_address
        self.private_address = machine.private_address


def _keep_token(cloud: Cloud, exposure: Exposure) -> Secret | None:
    return cloud.secret("tunnel-token", exposure.token) if isinstance(exposure, Tunnel) else None


def _payload(
    site: Site,
    upstream: Upstream | None,
    routes: Sequence[str],
    exposure: Exposure,
    token: Secret | None,
) -> EdgePayload:
    config = bootstrap(
        site=site.name,
        zone=site.zone,
        cloud=site.cloud,
        prefixes=routes,
        upstream=upstream,
        listener=_listener(exposure),
        admin_socket=ADMIN_SOCKET,
    )
    return EdgePayload(
        bootstrap=config,
        tunnel_token=token.source if token else None,
        public=isinstance(exposure, Public),
    )


def _listener(exposure: Exposure) -> Listener:
    match exposure:
        case Tunnel():
            return LoopbackListener()
        case Loopback(port, address):
            return LoopbackListener(port, address)
        case Public():
            return TlsListener(certificate=CERTIFICATE, key=PRIVATE_KEY, client_ca=CLIENT_CA)


def _firewall(upstream: Upstream | None, exposure: Exposure) -> Firewall:
    egress = (*WEB, *_to_upstream(upstream))
    match exposure:
        case Tunnel():
            return Firewall(egress=(*egress, *TUNNEL))
        case Loopback():
            return Firewall(egress=egress)
        case Public(sources):
            cloudflare = Rule(name="cloudflare", port=443, cidrs=sources)
            return Firewall(ingress=(cloudflare,), egress=egress)


def _to_upstream(upstream: Upstream | None) -> tuple[Rule, ...]:
    """A rule for the upstream's port, unless one of WEB lets it pass already."""
    if upstream is None or upstream.port in {rule.port for rule in WEB}:
        return ()
    return (Rule(name="upstream", port=upstream.port, cidrs=_addresses(upstream.host)),)


def _addresses(host: str) -> tuple[str, ...]:
    try:
        return (f"{ipaddress.IPv4Address(host)}/32",)
    except ValueError:
        return ANYWHERE  # a name, whose address only the network itself knows
