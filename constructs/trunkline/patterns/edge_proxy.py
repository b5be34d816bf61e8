"""An Envoy in a site's network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cdktf import TerraformProvider
from constructs import Construct

from trunkline.addresses.base import machine_name
from trunkline.backbone import Membership
from trunkline.clouds import cloud_class
from trunkline.clouds.base import GroupSpec, MachineSpec, fingerprint
from trunkline.errors import ConfigurationError
from trunkline.model import (
    DEFAULT_FORWARDING,
    DEFAULT_HTTP,
    DEFAULT_POLL_SECONDS,
    DEFAULT_VERSIONS,
    AccessPolicy,
    ControlPlane,
    EdgeServices,
    Forwarding,
    Http,
    Otlp,
    Site,
    Versions,
)
from trunkline.patterns.backbone import Backbone
from trunkline.patterns.edge_parts import EdgeParts, Shown
from trunkline.patterns.exposures import Exposure, Loopback, Public, Tunnel
from trunkline.patterns.provider import use_provider
from trunkline.topology.arguments import (
    check_control_plane,
    check_name,
    check_otlp,
    check_site,
    check_versions,
)


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
      requests to each of them that is connected; a `Public` one names a hostname for each.
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
    - `control_plane_certificate`: the certificate that an edge shows it, and its key, in PEM, a
      Terraform expression; with `control_plane.client_certificate`. It reaches the machine like the
      keys, and a new one replaces nothing.
    - `control_plane_header`: the value of the header of `control_plane`, likewise.
    - `otlp`: the collector that gets its logs and statistics; another one replaces the machine.
      Without it they stay on the machine.
    - `otlp_header`: the value of the header of `otlp`, a Terraform expression. It reaches the
      machine like the keys, and a new one replaces nothing.
    - `backbone`: what joins its machines to those of other sites, as one node each. It passes the
      services that were added to it, and private DNS of the network leads the names of those that
      its site uses to its machines.
    - `services`: the services that pass it, in place of those that were added to `backbone`.
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
        control_plane_certificate: str | None = None,
        control_plane_header: str | None = None,
        otlp: Otlp | None = None,
        otlp_header: str | None = None,
        backbone: Backbone | None = None,
        services: EdgeServices | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        name = name or f"edge-{site.name}"
        if not isinstance(routes, Mapping):
            routes = dict.fromkeys(routes, DEFAULT_FORWARDING)
        check_site(f"EdgeProxy {id}", site, routes=routes, tags=tags)
        check_name(f"EdgeProxy {id}", name)
        check_versions(f"EdgeProxy {id}", versions)
        if otlp:
            check_otlp(f"EdgeProxy {id}", otlp)
        shown = Shown(
            otlp_header=otlp_header,
            control_plane_certificate=control_plane_certificate,
            control_plane_header=control_plane_header,
        )
        _check_shown(f"EdgeProxy {id}", shown, otlp, control_plane, exposure)
        if not isinstance(exposure, Loopback) and not exposure.keys:
            raise ConfigurationError(f"EdgeProxy {id}: keys: give at least one, or nobody gets in")
        if control_plane:
            check_control_plane(f"EdgeProxy {id}", control_plane)
            if not isinstance(exposure, Tunnel):
                raise ConfigurationError(f"EdgeProxy {id}: control_plane: it needs a Tunnel")
        zones = (site.zone, *spares)
        _check_spares(f"EdgeProxy {id}", zones, exposure)
        if backbone and (control_plane or isinstance(exposure, Loopback)):
            message = "an edge with a control_plane, or a Loopback one, cannot join one"
            raise ConfigurationError(f"EdgeProxy {id}: backbone: {message}")
        if services and not backbone and not isinstance(exposure, Loopback):
            raise ConfigurationError(f"EdgeProxy {id}: services: they need a backbone")
        membership = backbone.membership(site.name) if backbone else None
        _check_membership(f"EdgeProxy {id}", membership, zones)
        if backbone and services is None:
            services = backbone.services(site)
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network(zones)
        edge = EdgeParts(
            cloud=cloud,
            site=site,
            exposure=exposure,
            routes=routes,
            upstreams=cloud.upstreams(),
            poll_seconds=poll_seconds,
            http=http,
            versions=versions,
            access=access,
            control_plane=control_plane,
            otlp=otlp,
            shown=shown,
            membership=membership,
            services=cloud.services(services, network) if services else None,
            zones=zones,
        )
        group = cloud.group(
            "machine",
            GroupSpec(
                name=name,
                kind="edge",
                firewall=edge.firewall,
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
                    name=name if zone == site.zone else machine_name(name, zone),
                    zone=zone,
                    units=edge.units(zone),
                    static_address=isinstance(exposure, Public) or membership is not None,
                    replaced_with=(*_tunnel(exposure), *edge.connector(zone)),
                    forwards=membership is not None and membership.transit is not None,
                ),
            )
            for zone in zones
        }
        self.machine_ids = {zone: made.id for zone, made in machines.items()}
        self.public_addresses = {zone: made.public_address for zone, made in machines.items()}
        self.private_addresses = {zone: made.private_address for zone, made in machines.items()}
        if hosts := _led(services):
            cloud.private_names("names", hosts, list(self.private_addresses.values()), network)
        if membership and membership.others:
            cloud.route(membership.others, machines, network)
        self.network_id, self.subnet_ids = network.id, dict(network.subnets)
        self.security_group, self.identity = group.security_group, group.identity
        use_provider(self, provider)


def _check_spares(construct: str, zones: Sequence[str], exposure: Exposure) -> None:
    if isinstance(exposure, Public) and len(exposure.hostnames) != len(zones):
        raise ConfigurationError(
            f"{construct}: spares: Public.spares names a hostname for each zone of them"
        )
    if len(set(zones)) < len(zones):
        raise ConfigurationError(f"{construct}: spares: name each zone once, and not site.zone")
    if len(zones) > 1 and isinstance(exposure, Loopback):
        raise ConfigurationError(f"{construct}: spares: an edge on this machine has none")


def _check_membership(
    construct: str,
    membership: Membership | None,
    zones: Sequence[str],
) -> None:
    if membership and len(membership.nodes) != len(zones):
        raise ConfigurationError(
            f"{construct}: backbone: there are keys for {len(membership.nodes)} of the site's "
            f"{len(zones)} edges; make the others with trunkline keys"
        )


def _check_shown(
    construct: str,
    shown: Shown,
    otlp: Otlp | None,
    plane: ControlPlane | None,
    exposure: Exposure,
) -> None:
    """Raise ConfigurationError where a secret is missing, or nobody asks for it."""
    asked = {
        "otlp_header": ("otlp.header", otlp and otlp.header),
        "control_plane_certificate": (
            "control_plane.client_certificate",
            plane and plane.client_certificate,
        ),
        "control_plane_header": ("control_plane.header", plane and plane.header),
    }
    for name, (place, wanted) in asked.items():
        if bool(wanted) != bool(getattr(shown, name)):
            raise ConfigurationError(f"{construct}: {name}: give it with {place}, and only then")
    if shown.otlp_header and isinstance(exposure, Loopback):
        raise ConfigurationError(f"{construct}: otlp_header: a Loopback edge has no secret store")


def _led(services: EdgeServices | None) -> list[str]:
    """The names that private DNS leads to the edge."""
    used = services.used if services else ()
    return list(dict.fromkeys(host for service in used if service.dns for host in service.hosts))


def _tunnel(exposure: Exposure) -> tuple[str, ...]:
    """What replaces the machine: a tunnel cannot go while a machine with its token is connected."""
    return (fingerprint(exposure.token),) if isinstance(exposure, Tunnel) else ()
