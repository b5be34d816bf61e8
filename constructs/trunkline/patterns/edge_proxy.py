"""An Envoy in a site's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import field, frozen
from cdktf import Fn, TerraformProvider
from constructs import Construct

from trunkline.addresses.loopback import EDGE_PORT
from trunkline.clouds import cloud_class
from trunkline.clouds.base import (
    Cloud,
    GroupSpec,
    MachineSpec,
    Secret,
    fingerprint,
    short_name,
)
from trunkline.clouds.facts import facts_of
from trunkline.envoy import (
    ZONE,
    Access,
    Collector,
    Listener,
    LoopbackListener,
    Resources,
    TlsListener,
    bootstrap,
    dynamic_bootstrap,
    resources,
    route_file,
    xds_bootstrap,
)
from trunkline.errors import ConfigurationError
from trunkline.model import (
    DEFAULT_FORWARDING,
    DEFAULT_HTTP,
    DEFAULT_POLL_SECONDS,
    DEFAULT_VERSIONS,
    AccessPolicy,
    ControlPlane,
    Forwarding,
    Http,
    Management,
    Otlp,
    Site,
    Upstreams,
    Versions,
    zone_name,
)
from trunkline.patterns import cloudflare_ranges
from trunkline.patterns.provider import use_provider
from trunkline.payload import Unit, machine_firewall
from trunkline.payload.configuration import pack
from trunkline.payload.units import Cloudflared, Configuration, Envoy
from trunkline.payload.units.configuration import CERTIFICATE, FOLDER, PRIVATE_KEY
from trunkline.payload.units.envoy import ADMIN_SOCKET, CLIENT_CA, CONFIGURATION, LOG_LIMIT
from trunkline.topology.arguments import (
    LONGEST_NAME,
    check_control_plane,
    check_name,
    check_otlp,
    check_site,
)


def _keys(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(keys)


@frozen(kw_only=True)
class Tunnel:
    """An edge that Cloudflare reaches through a tunnel, without an inbound port.

    - `hostname`: the edge's own hostname (see `EdgeOrigin`), the only one that it answers.
    - `token`: the tunnel's token, a Terraform expression.
    - `keys`: the keys that it lets in, Terraform expressions of 32 or more letters, digits, `-` and
      `_`: one, and while it is rotated the one before as well. An empty one counts for nothing.
    - `management`: what it answers for operators, under another name. Without it: nothing.

    Token and keys reach the machine through the cloud's secret store, never in its user data.
    """

    hostname: str
    token: str
    keys: tuple[str, ...] = field(converter=_keys)
    management: Management | None = None


@frozen(kw_only=True)
class Public:
    """An edge that Cloudflare reaches on port 443, with Cloudflare's client certificate only.

    - `hostname`: the edge's own hostname, as of `Tunnel`.
    - `keys`: the keys that it lets in, as of `Tunnel`.
    - `sources`: the IPv4 ranges that may connect. Without it: Cloudflare's.
    """

    hostname: str
    keys: tuple[str, ...] = field(converter=_keys)
    sources: tuple[str, ...] = cloudflare_ranges.IPV4


@frozen
class Loopback:
    """An edge that only its own machine reaches, without TLS and without a key.

    Its configuration is part of its machine.

    - `port`: the port on which Envoy listens.
    - `address`: the loopback address on which Envoy listens.
    """

    port: int = EDGE_PORT
    address: str = "127.0.0.1"


Exposure = Tunnel | Public | Loopback


class EdgeProxy(Construct):
    """An Envoy in a site's network, in its chosen zone.

    It answers `/healthz` and every prefix of `routes`: from an upstream of the site, or without one
    with a JSON object that says where it stands. What it serves lies in the cloud's secret store,
    where it looks for changes: a new route or upstream replaces no machine. The stack needs the
    provider of the site's cloud.

    - `site`: the cloud, the zone, the network and the upstream.
    - `exposure`: how requests reach it: `Tunnel`, `Public` or `Loopback`.
    - `routes`: the path prefixes that it answers, or what it does with the requests of each; any
      other path gets 404.
    - `spares`: zones of further machines that serve the same; none for `Loopback`. A tunnel brings
      requests to each of them that is connected.
    - `name`: begins the names of all resources; unique in the account and region. Without it:
      `edge-<site>`.
    - `tags`: tags (labels on Google Cloud) of every resource that can carry them.
    - `security_groups`: groups of your own that the machine joins, by a name that is unique here
      and becomes part of Terraform addresses: IDs of security groups (AWS) or of application
      security groups (Azure), or network tags (Google Cloud).
    - `poll_seconds`: how often it looks for a new configuration.
    - `http`: how it takes requests.
    - `versions`: of Envoy and cloudflared; another one replaces the machine.
    - `access`: whose tokens of Cloudflare Access count, for routes that ask for one.
    - `control_plane`: the xDS server that says what it serves, in place of `routes` and of the
      site's upstreams; for a `Tunnel` alone. Another one replaces the machine.
    - `otlp`: the collector that gets its logs and statistics; another one replaces the machine.
      Without it they stay on the machine.
    - `otlp_header`: the value of the header of `otlp`, a Terraform expression. It reaches the
      machine like the keys, and a new one replaces nothing.
    - `provider`: the provider of the site's cloud, where the stack has several of them.

    After construction, all of them Terraform expressions or plain text:

    - `machine_ids`: the machine that runs Envoy in each zone, as its cloud names it.
    - `public_addresses`: its public IPv4 address, by zone. A tunnel needs it for the way out only.
    - `private_addresses`: its IPv4 address in the network, by zone.
    - `network_id`: the network of the machines.
    - `subnet_ids`: the subnet of each zone.
    - `security_group`: the ID of their security group (AWS) or network security group (Azure), for
      rules of your own; None on Google Cloud, whose rules name the `identity`.
    - `identity`: who it is, for grants of your own: the name of its role (AWS), the e-mail address
      of its service account (Google Cloud), the principal ID of its managed identity (Azure). None
      on AWS and Azure for a `Loopback` edge, which needs no secret.

    >>> edge = EdgeProxy(
    ...     stack,
    ...     "edge",
    ...     site=Site(name="api", cloud="aws", region="us-east-1", zone="us-east-1a"),
    ...     routes=["/api"],
    ...     exposure=Tunnel(
    ...         hostname="edge.example.com", token=token.string_value, keys=[key.string_value]
    ...     ),
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
        routes: Iterable[str] | Mapping[str, Forwarding] = ("/",),
        spares: Sequence[str] = (),
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        security_groups: Mapping[str, str] | None = None,
        poll_seconds: int = DEFAULT_POLL_SECONDS,
        http: Http = DEFAULT_HTTP,
        versions: Versions = DEFAULT_VERSIONS,
        access: AccessPolicy | None = None,
        control_plane: ControlPlane | None = None,
        otlp: Otlp | None = None,
        otlp_header: str | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        name = name or f"edge-{site.name}"
        if not isinstance(routes, Mapping):
            routes = dict.fromkeys(routes, DEFAULT_FORWARDING)
        check_site(f"EdgeProxy {id}", site, routes=routes, tags=tags)
        check_name(f"EdgeProxy {id}", name)
        if otlp:
            check_otlp(f"EdgeProxy {id}", otlp)
        _check_header(f"EdgeProxy {id}", otlp, otlp_header, exposure)
        if not isinstance(exposure, Loopback) and not exposure.keys:
            raise ConfigurationError(f"EdgeProxy {id}: keys: give at least one, or nobody gets in")
        if control_plane:
            check_control_plane(f"EdgeProxy {id}", control_plane)
            if not isinstance(exposure, Tunnel):
                raise ConfigurationError(f"EdgeProxy {id}: control_plane: it needs a Tunnel")
        zones = (site.zone, *spares)
        _check_spares(f"EdgeProxy {id}", zones, exposure)
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network(zones)
        edge = _Edge(
            cloud,
            site,
            exposure,
            routes,
            cloud.upstreams(),
            poll_seconds,
            http,
            versions,
            access,
            control_plane,
            otlp,
            otlp_header,
        )
        group = cloud.group(
            "machine",
            GroupSpec(
                name=name,
                kind="edge",
                firewall=machine_firewall(edge.units(site.zone)),
                secrets=edge.secrets,
                size=site.machine,
                security_groups=security_groups or {},
            ),
            network,
        )
        machines = {
            zone: group.machine(
                "machine" if zone == site.zone else f"machine-{zone}",
                MachineSpec(
                    name=name if zone == site.zone else short_name(f"{name}-{zone}", LONGEST_NAME),
                    zone=zone,
                    units=edge.units(zone),
                    static_address=isinstance(exposure, Public),
                    replaced_with=_tunnel(exposure),
                ),
            )
            for zone in zones
        }
        self.machine_ids = {zone: made.id for zone, made in machines.items()}
        self.public_addresses = {zone: made.public_address for zone, made in machines.items()}
        self.private_addresses = {zone: made.private_address for zone, made in machines.items()}
        self.network_id, self.subnet_ids = network.id, dict(network.subnets)
        self.security_group, self.identity = group.security_group, group.identity
        use_provider(self, provider)


@frozen(slots=False)
class _Edge:
    """What becomes the daemons of an edge's machines, and the secrets that they read."""

    cloud: Cloud
    site: Site
    exposure: Exposure
    routes: Mapping[str, Forwarding]
    upstreams: Upstreams
    poll_seconds: int
    http: Http
    versions: Versions
    access: AccessPolicy | None
    control_plane: ControlPlane | None
    otlp: Otlp | None
    otlp_header: str | None

    def units(self, zone: str) -> tuple[Unit, ...]:
        """Envoy, what brings its configuration, and cloudflared where a tunnel leads to it."""
        if isinstance(self.exposure, Loopback):
            return (self._static(),)
        configuration = Configuration(
            source=self._items[0].source if self._items else None,
            bootstrap=CONFIGURATION,
            seconds=self.poll_seconds,
            zone=zone,
            metadata=facts_of(self.site.cloud).metadata_addresses,
            token=self._token.source if self._token else None,
            public=isinstance(self.exposure, Public),
        )
        units = (self._envoy(self._dynamic(zone)), configuration)
        if self._token is None:
            return units
        return (*units, Cloudflared(version=self.versions.cloudflared))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What all of its machines read."""
        return (*self._items, self._token) if self._token else self._items

    @cached_property
    def _token(self) -> Secret | None:
        if not isinstance(self.exposure, Tunnel):
            return None
        return self.cloud.secret("tunnel-token", self.exposure.token)

    @cached_property
    def _items(self) -> tuple[Secret, ...]:
        """The configuration in the secret store, with as many items as it takes."""
        exposure = self.exposure
        if isinstance(exposure, Loopback) or self.control_plane:
            return ()
        made = self._resources(ZONE, Access(exposure.hostname))
        audience = self._management.audience if self._management else None
        header = str(Fn.base64encode(self.otlp_header)) if self.otlp_header else None
        texts = pack(made, exposure.keys, self.cloud.secret_bytes, audience, header)
        names = ["configuration", *(f"configuration-{n}" for n in range(2, len(texts) + 1))]
        return tuple(map(self.cloud.secret, names, texts))

    def _resources(
        self, zone: str, access: Access | None = None, folder: str = FOLDER
    ) -> Resources:
        return resources(
            site=self.site.name,
            zone=zone,
            cloud=self.site.cloud,
            routes=self.routes,
            upstreams=self.upstreams,
            listener=_listener(self.exposure),
            access=access,
            policy=self.access,
            management=self._management,
            http=self.http,
            folder=folder,
            # The supervisor of this machine's processes bounds their logs itself.
            log_limit=None if facts_of(self.site.cloud).on_this_machine else LOG_LIMIT,
            collector=self._collector(zone),
        )

    def _collector(self, zone: str) -> Collector | None:
        """The collector, and who sends: https://opentelemetry.io/docs/specs/semconv/resource/."""
        if self.otlp is None:
            return None
        site = self.site
        attributes = {
            "service.name": "trunkline-edge",
            "service.instance.id": zone_name(site.name, zone),
            "cloud.provider": facts_of(site.cloud).telemetry_provider,
            "cloud.region": site.region,
            "cloud.availability_zone": zone,
            "trunkline.site": site.name,
        }
        known = {name: value for name, value in attributes.items() if value}
        return Collector(
            upstream=self.otlp.upstream,
            attributes=known,
            seconds=self.otlp.metrics_seconds,
            header=self.otlp.header,
            folder=FOLDER,
        )

    @property
    def _management(self) -> Management | None:
        return self.exposure.management if isinstance(self.exposure, Tunnel) else None

    def _envoy(
        self, bootstrap: Mapping[str, object], routes: Mapping[str, object] | None = None
    ) -> Envoy:
        sources = self.exposure.sources if isinstance(self.exposure, Public) else ()
        return Envoy(
            bootstrap=bootstrap,
            routes=routes or {},
            version=self.versions.envoy,
            upstreams=self.upstreams,
            public_to=sources,
            otlp=self.otlp,
            control_plane=self.control_plane,
        )

    def _dynamic(self, zone: str) -> Mapping[str, object]:
        if self.control_plane:
            return xds_bootstrap(
                self.control_plane.upstream,
                site=self.site.name,
                zone=zone,
                admin_socket=ADMIN_SOCKET,
                metadata=self.control_plane.metadata,
                collector=self._collector(zone),
            )
        return dynamic_bootstrap(
            site=self.site.name,
            zone=zone,
            folder=FOLDER,
            admin_socket=ADMIN_SOCKET,
            collector=self._collector(zone),
        )

    def _static(self) -> Envoy:
        """An Envoy of this machine, whose routes lie beside it in the machine's folder."""
        made = self._resources(self.site.zone, folder=".")
        config = bootstrap(
            made,
            site=self.site.name,
            zone=self.site.zone,
            admin_socket=ADMIN_SOCKET,
            collector=self._collector(self.site.zone),
            routes_apart=True,
        )
        return self._envoy(config, route_file(made))


def _check_spares(construct: str, zones: Sequence[str], exposure: Exposure) -> None:
    if len(set(zones)) < len(zones):
        raise ConfigurationError(f"{construct}: spares: name each zone once, and not site.zone")
    if len(zones) > 1 and isinstance(exposure, Loopback):
        raise ConfigurationError(f"{construct}: spares: an edge on this machine has none")


def _check_header(construct: str, otlp: Otlp | None, value: str | None, exposure: Exposure) -> None:
    if bool(otlp and otlp.header) != bool(value):
        raise ConfigurationError(
            f"{construct}: otlp_header: give it with otlp.header, and only then"
        )
    if value and isinstance(exposure, Loopback):
        raise ConfigurationError(f"{construct}: otlp_header: a Loopback edge has no secret store")


def _tunnel(exposure: Exposure) -> tuple[str, ...]:
    """What replaces the machine: a tunnel cannot go while a machine with its token is connected."""
    return (fingerprint(exposure.token),) if isinstance(exposure, Tunnel) else ()


def _listener(exposure: Exposure) -> Listener:
    match exposure:
        case Tunnel():
            return LoopbackListener()
        case Loopback(port, address):
            return LoopbackListener(port, address)
        case Public():
            return TlsListener(certificate=CERTIFICATE, key=PRIVATE_KEY, client_ca=CLIENT_CA)
