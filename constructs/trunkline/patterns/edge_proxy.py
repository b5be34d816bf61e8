"""An Envoy in a site's network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen
from cdktf import TerraformProvider
from constructs import Construct

from trunkline.addresses.loopback import EDGE_PORT
from trunkline.clouds import cloud_class
from trunkline.clouds.base import GroupSpec, MachineSpec, Secret
from trunkline.envoy import Listener, LoopbackListener, TlsListener, bootstrap
from trunkline.model import Site, Upstream
from trunkline.patterns import cloudflare_ranges
from trunkline.patterns.provider import use_provider
from trunkline.payload import Unit, machine_firewall
from trunkline.payload.units import Cloudflared, Envoy
from trunkline.payload.units.envoy import ADMIN_SOCKET, CERTIFICATE, CLIENT_CA, PRIVATE_KEY
from trunkline.topology.arguments import check_name, check_site


@frozen
class Tunnel:
    """An edge that Cloudflare reaches through a tunnel, without an inbound port.

    - `token`: the tunnel's token, a Terraform expression. It reaches the machine through the
      cloud's secret store, never in its user data.
    """

    token: str


@frozen
class Public:
    """An edge that Cloudflare reaches on port 443, with Cloudflare's client certificate only.

    - `sources`: the IPv4 ranges that may connect. Without it: Cloudflare's.
    """

    sources: tuple[str, ...] = cloudflare_ranges.IPV4


@frozen
class Loopback:
    """An edge that only its own machine reaches, without TLS.

    - `port`: the port on which Envoy listens.
    - `address`: the loopback address on which Envoy listens.
    """

    port: int = EDGE_PORT
    address: str = "127.0.0.1"


Exposure = Tunnel | Public | Loopback


class EdgeProxy(Construct):
    """An Envoy in a site's network, in its chosen zone.

    It answers `/healthz` and every prefix of `routes`: from the site's upstream, or, where there is
    none, with a JSON object that says where it stands. The stack needs the provider of the site's
    cloud.

    - `site`: the cloud, the zone, the network and the upstream.
    - `exposure`: how requests reach it: `Tunnel`, `Public` or `Loopback`.
    - `routes`: the path prefixes that it answers; any other path gets 404.
    - `name`: begins the names of all resources; unique in the account and region. Without it:
      `edge-<site>`.
    - `tags`: tags (labels on Google Cloud) of every resource that can carry them.
    - `security_groups`: groups of your own that the machine joins, by a name that is unique here
      and becomes part of Terraform addresses: IDs of security groups (AWS) or of application
      security groups (Azure), or network tags (Google Cloud).
    - `provider`: the provider of the site's cloud, where the stack has several of them.

    After construction, all of them Terraform expressions or plain text:

    - `machine_id`: the machine that runs Envoy, as its cloud names it.
    - `public_address`: its public IPv4 address. A tunnel needs it for the way out only.
    - `private_address`: its IPv4 address in the network.
    - `network_id`: the network of the machine.
    - `subnet_id`: the subnet of its zone.
    - `security_group`: the ID of its security group (AWS) or network security group (Azure), for
      rules of your own; None on Google Cloud, whose rules name the `identity`.
    - `identity`: who it is, for grants of your own: the name of its role (AWS), the e-mail address
      of its service account (Google Cloud), the principal ID of its managed identity (Azure). None
      on AWS and Azure for an edge without a tunnel, which needs no secret.

    >>> edge = EdgeProxy(
    ...     stack,
    ...     "edge",
    ...     site=Site(name="api", cloud="aws", region="us-east-1", zone="us-east-1a"),
    ...     routes=["/api"],
    ...     exposure=Tunnel(token.string_value),
    ... )

    Raises ConfigurationError for arguments that a topology file would not have either, a binding
    that is not installed, or user data that the cloud does not take.
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
        security_groups: Mapping[str, str] | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        name = name or f"edge-{site.name}"
        check_site(f"EdgeProxy {id}", site, routes=routes, tags=tags)
        check_name(f"EdgeProxy {id}", name)
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network([site.zone])
        token = (
            cloud.secret("tunnel-token", exposure.token) if isinstance(exposure, Tunnel) else None
        )
        units = _units(site, cloud.upstream(), routes, exposure, token)
        group = cloud.group(
            "machine",
            GroupSpec(
                name=name,
                kind="edge",
                firewall=machine_firewall(units),
                secrets=(token,) if token else (),
                size=site.machine,
                security_groups=security_groups or {},
            ),
            network,
        )
        machine = group.machine(
            "machine",
            MachineSpec(
                name=name,
                zone=site.zone,
                units=units,
                static_address=isinstance(exposure, Public),
            ),
        )
        self.machine_id = machine.id
        self.public_address = machine.public_address
        self.private_address = machine.private_address
        self.network_id, self.subnet_id = network.id, network.subnets[site.zone]
        self.security_group, self.identity = group.security_group, group.identity
        use_provider(self, provider)


def _units(
    site: Site,
    upstream: Upstream | None,
    routes: Sequence[str],
    exposure: Exposure,
    token: Secret | None,
) -> tuple[Unit, ...]:
    """The daemons of the edge: Envoy, and cloudflared where a tunnel leads to it."""
    envoy = Envoy(
        bootstrap=bootstrap(
            site=site.name,
            zone=site.zone,
            cloud=site.cloud,
            prefixes=routes,
            upstream=upstream,
            listener=_listener(exposure),
            admin_socket=ADMIN_SOCKET,
        ),
        upstream=upstream,
        public_to=exposure.sources if isinstance(exposure, Public) else (),
    )
    return (envoy, Cloudflared(token=token.source)) if token else (envoy,)


def _listener(exposure: Exposure) -> Listener:
    match exposure:
        case Tunnel():
            return LoopbackListener()
        case Loopback(port, address):
            return LoopbackListener(port, address)
        case Public():
            return TlsListener(certificate=CERTIFICATE, key=PRIVATE_KEY, client_ca=CLIENT_CA)
