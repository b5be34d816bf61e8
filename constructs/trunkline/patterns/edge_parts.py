"""What an EdgeProxy hands to its machines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property

from attrs import evolve, frozen
from cdktf import Fn, TerraformLocal

from trunkline.backbone import Membership, check_document, driver_of
from trunkline.clouds.base import Cloud, Secret, fingerprint
from trunkline.clouds.facts import facts_of
from trunkline.envoy import (
    CONTROL_PLANE_CREDENTIAL,
    CONTROL_PLANE_PAIR,
    MAX_CONNECTIONS,
    OTLP_CREDENTIAL,
    SERVICE_CONNECTIONS,
    ZONE,
    Collector,
    KeyGuard,
    Listener,
    LoopbackListener,
    Resources,
    TlsListener,
    backbone_ports,
    bootstrap,
    dynamic_bootstrap,
    resources,
    route_file,
    xds_bootstrap,
)
from trunkline.model import (
    CHECK_PORT,
    AccessPolicy,
    BackboneSettings,
    ControlPlane,
    EdgeServices,
    Forwarding,
    Http,
    Management,
    Node,
    Otlp,
    Site,
    Upstreams,
    Versions,
    zone_name,
)
from trunkline.patterns.exposures import Exposure, Loopback, Public, Tunnel
from trunkline.payload import Firewall, Unit, machine_firewall
from trunkline.payload.configuration import Later, pack
from trunkline.payload.unit import machine_program
from trunkline.payload.units import BackboneCheck, Cloudflared, Configuration, Envoy
from trunkline.payload.units.configuration import CERTIFICATE, FOLDER, PRIVATE_KEY
from trunkline.payload.units.envoy import ADMIN_SOCKET, CLIENT_CA, CONFIGURATION, LOG_LIMIT


@frozen(kw_only=True)
class Shown:
    """What an edge shows the servers that it asks, as Terraform expressions."""

    otlp_header: str | None = None
    control_plane_certificate: str | None = None
    control_plane_header: str | None = None


@frozen(kw_only=True, slots=False)
class EdgeParts:
    """What becomes the daemons of an edge's machines, and the secrets that they read.

    `zones` are where the machines stand; the first one is the first node of the site.
    """

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
    shown: Shown
    membership: Membership | None
    services: EdgeServices | None
    zones: tuple[str, ...]

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
            shown={name: secret.source for name, secret in self._shown.items()},
            backbone_key=self._node_keys[zone].source if self._node_keys else None,
            public=isinstance(self.exposure, Public),
        )
        return (
            self._envoy(self._dynamic(zone)),
            configuration,
            *([self._cloudflared()] if self._token else ()),
            *(self._of_backbone(self.membership) if self.membership else ()),
        )

    def _of_backbone(self, membership: Membership) -> tuple[Unit, ...]:
        """What joins a machine to the backbone, and what measures it."""
        forwards = membership.transit is not None
        driver = driver_of(membership.backbone.kind)
        if membership.private_hosts:
            return (driver.linked_unit(self.versions), BackboneCheck())
        return (driver.unit(self.versions, forwards=forwards), BackboneCheck())

    @property
    def firewall(self) -> Firewall:
        """What may enter and leave each of its machines."""
        made = machine_firewall(self.units(self.zones[0]))
        return evolve(made, transit=self.membership.transit) if self.membership else made

    def _cloudflared(self) -> Cloudflared:
        return Cloudflared(
            version=self.versions.cloudflared, signing_keys=self.versions.signing_keys.cloudflared
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What all of its machines read."""
        token = (self._token,) if self._token else ()
        return (*self._items, *self._shown.values(), *token, *self._node_keys.values())

    @cached_property
    def _token(self) -> Secret | None:
        if not isinstance(self.exposure, Tunnel):
            return None
        return self.cloud.secret("tunnel-token", self.exposure.token)

    @cached_property
    def _node_keys(self) -> Mapping[str, Secret]:
        """The keys of each machine's node, by zone: in write-only arguments where they are ours."""
        if self.membership is None:
            return {}
        return {
            zone: self.cloud.secret(
                f"backbone-key-{node.name}",
                ",".join(self.membership.keys[node.name]),
                version=_version(self.membership.backbone, node),
            )
            for zone, node in self._nodes.items()
        }

    def connector(self, zone: str) -> tuple[str, ...]:
        """What replaces a machine: a connector cannot go while it has a connection."""
        if not self.membership or not driver_of(self.membership.backbone.kind).has_connectors:
            return ()
        return tuple(map(fingerprint, self.membership.keys[self._nodes[zone].name]))

    @property
    def _nodes(self) -> Mapping[str, Node]:
        """The node that stands in each zone."""
        if self.membership is None:
            return {}
        return dict(zip(self.zones, self.membership.nodes, strict=True))

    def _told(self) -> Mapping[str, object] | None:
        """What the machines are told of the backbone."""
        if self.membership is None:
            return None
        ports = [*backbone_ports(self.services or EdgeServices()), CHECK_PORT]
        own = self._envoy({}).firewall.ingress
        return driver_of(self.membership.backbone.kind).document(
            self.membership, self._node_names, ports, [rule.port for rule in own]
        )

    def _checked(self) -> Mapping[str, object] | None:
        """What measures the backbone on the machines."""
        if self.membership is None:
            return None
        services = self.services or EdgeServices()
        config = check_document(self.membership, self._node_names, services)
        return {"program": machine_program("backbone_check"), "config": config}

    @property
    def _node_names(self) -> Mapping[str, str]:
        return {zone: node.name for zone, node in self._nodes.items()}

    @cached_property
    def _items(self) -> tuple[Secret, ...]:
        """The configuration in the secret store, with as many items as it takes."""
        exposure = self.exposure
        if isinstance(exposure, Loopback) or self.control_plane:
            return ()
        made = self._resources(ZONE, KeyGuard(exposure.hostnames))
        audience = self._management.audience if self._management else None
        shown = self.shown.otlp_header
        header = str(Fn.base64encode(shown)) if shown else None
        texts = pack(
            made,
            exposure.keys,
            self.cloud.secret_bytes,
            audience,
            header,
            self._told(),
            self._checked(),
            self._later(),
        )
        names = ["configuration", *(f"configuration-{n}" for n in range(2, len(texts) + 1))]
        return tuple(map(self.cloud.secret, names, texts))

    def _later(self) -> Later | None:
        """The addresses of private endpoints, which only Terraform knows."""
        if self.services is None or not self.services.marks:
            return None
        scope = self.cloud.scope

        def keep(name: str, text: str) -> str:
            return f"local.{TerraformLocal(scope, name, text).friendly_unique_id}"

        return Later(marks=self.services.marks, keep=keep)

    @cached_property
    def _shown(self) -> Mapping[str, Secret]:
        """What the edge shows others, by Envoy's name for it, where no configuration brings it."""
        if self.control_plane is None:
            return {}
        values = {
            OTLP_CREDENTIAL: self.shown.otlp_header,
            CONTROL_PLANE_PAIR: self.shown.control_plane_certificate,
            CONTROL_PLANE_CREDENTIAL: self.shown.control_plane_header,
        }
        return {name: self.cloud.secret(name, value) for name, value in values.items() if value}

    def _resources(
        self, zone: str, guard: KeyGuard | None = None, folder: str = FOLDER
    ) -> Resources:
        return resources(
            site=self.site.name,
            zone=zone,
            cloud=self.site.cloud,
            routes=self.routes,
            upstreams=self.upstreams,
            listener=_listener(self.exposure),
            guard=guard,
            policy=self.access,
            management=self._management,
            http=self.http,
            folder=folder,
            # The supervisor of this machine's processes bounds their logs itself.
            log_limit=None if facts_of(self.site.cloud).on_this_machine else LOG_LIMIT,
            collector=self._collector(zone),
            services=self.services,
            backbone_check=self.membership is not None,
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
            signing_keys=self.versions.signing_keys.envoy,
            upstreams=self.upstreams,
            public_to=sources,
            otlp=self.otlp,
            control_plane=self.control_plane,
            services=self.services,
        )

    def _dynamic(self, zone: str) -> Mapping[str, object]:
        if self.control_plane:
            return xds_bootstrap(
                self.control_plane.upstream,
                site=self.site.name,
                zone=zone,
                admin_socket=ADMIN_SOCKET,
                metadata=self.control_plane.metadata,
                header=self.control_plane.header,
                certificate=self.control_plane.client_certificate,
                folder=FOLDER,
                collector=self._collector(zone),
            )
        return dynamic_bootstrap(
            site=self.site.name,
            zone=zone,
            folder=FOLDER,
            admin_socket=ADMIN_SOCKET,
            collector=self._collector(zone),
            connections=MAX_CONNECTIONS if self.services is None else SERVICE_CONNECTIONS,
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


def _version(backbone: BackboneSettings, node: Node) -> int | None:
    """A number that changes with the node's keys, so that Terraform writes them again.

    None for a token of Cloudflare's: Terraform knows it, and sees by itself that it has changed.
    """
    driver = driver_of(backbone.kind)
    if driver.has_connectors:
        return None
    if driver.credential:
        return backbone.auth_key_version
    publics = ",".join(key.public_key for key in node.keys)
    return int(hashlib.sha256(publics.encode()).hexdigest()[:8], 16)


def _listener(exposure: Exposure) -> Listener:
    match exposure:
        case Tunnel():
            return LoopbackListener()
        case Loopback(port, address):
            return LoopbackListener(port, address)
        case Public():
            return TlsListener(certificate=CERTIFICATE, key=PRIVATE_KEY, client_ca=CLIENT_CA)
