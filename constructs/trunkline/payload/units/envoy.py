"""Envoy, the proxy of an edge."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from attrs import Factory, frozen

from trunkline.addresses import loopback
from trunkline.envoy import application_ports, listening, log_limit, servers
from trunkline.local.envoy import ADMIN_SOCKET as LOCAL_SOCKET
from trunkline.local.envoy import ROUTES
from trunkline.local.machine import LocalProcess
from trunkline.model import DEFAULT_VERSIONS, ControlPlane, EdgeServices, Otlp, Upstream, Upstreams
from trunkline.payload.firewall import ANYWHERE, WEB, Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, packaged

CONFIGURATION = "/etc/envoy/envoy.json"
DRAIN = "/usr/local/lib/trunkline/drain"
LOG_LIMIT = "/etc/envoy/log-limit.json"
CLIENT_CA = "/etc/envoy/cloudflare-origin-pull-ca.pem"
ADMIN_SOCKET = "/run/trunkline-edge/admin.sock"

FLAGS = ("--disable-hot-restart", "--drain-time-s", "5", "--log-level", "warning")

# The name of a Unix socket has 107 bytes at most, so here it is relative to the machine's folder.
_LOCAL_ADMIN = json.dumps({"admin": {"address": {"pipe": {"path": LOCAL_SOCKET}}}})


@frozen(kw_only=True)
class Envoy(Unit):
    """Envoy with the configuration `bootstrap`, in front of `upstreams`.

    `public_to` are the ranges that reach port 443; an Envoy with any accepts Cloudflare's client
    certificate only. The configuration names the collector of `otlp` and the `control_plane`.
    `signing_keys` are those that the package's repository may be signed with. `routes` is the file
    from which a bootstrap of this machine reads its routes. `services` are those of other sites and
    of its own that pass it, as in the configuration.
    """

    bootstrap: Mapping[str, object]
    routes: Mapping[str, object] = Factory(dict)
    version: str = DEFAULT_VERSIONS.envoy
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.envoy
    upstreams: Upstreams = Factory(dict)
    public_to: tuple[str, ...] = ()
    otlp: Otlp | None = None
    control_plane: ControlPlane | None = None
    services: EdgeServices | None = None

    name: ClassVar = "edge"
    health: ClassVar = "/livez"  # its upstream may come later
    remedy: ClassVar = "use fewer or shorter route prefixes, or a collector without ca"

    @property
    def package(self) -> VendorPackage:
        # https://www.envoyproxy.io/docs/envoy/latest/start/install ; trixie packages since 1.37.
        return VendorPackage(
            name="envoy",
            version=self.version,
            url="https://apt.envoyproxy.io",
            suite="trixie",
            key_url="https://apt.envoyproxy.io/signing.key",
            key_file="envoy.asc",
            fingerprints=self.signing_keys,
        )

    @property
    def service(self) -> str:
        service = packaged("edge.service").replace("@FLAGS@", " ".join(FLAGS))
        return service.replace("@DRAIN@", DRAIN)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        return (
            MachineFile(CONFIGURATION, _compact(self.bootstrap)),
            MachineFile(LOG_LIMIT, _compact(log_limit(2 if self.otlp else 1))),
            MachineFile(DRAIN, packaged("drain.sh")),
            *self._low_ports(),
        )

    def _low_ports(self) -> Iterator[MachineFile]:
        """What lets it listen where otherwise only root may."""
        folder = f"{UNITS}/trunkline-edge.service.d"
        if self.public_to:
            yield MachineFile(CLIENT_CA, packaged("cloudflare-origin-pull-ca.pem"))
            yield MachineFile(f"{folder}/20-public.conf", packaged("public.conf"))
        if self.services is not None:  # also before the first one comes, which replaces no machine
            yield MachineFile(f"{folder}/20-services.conf", packaged("public.conf"))

    @property
    def firewall(self) -> Firewall:
        public = Rule(name="cloudflare", port=443, cidrs=self.public_to)
        return Firewall(
            ingress=(*((public,) if self.public_to else ()), *self._for_applications()),
            egress=tuple(_to_servers([*self.upstreams.values(), *self._servers()])),
        )

    def _for_applications(self) -> Iterator[Rule]:
        """What other edges ask for comes over the backbone, past the network's firewall."""
        if self.services:
            for port in application_ports(self.services):
                yield Rule(name=f"services-{port}", port=port, cidrs=self.services.networks)

    def _servers(self) -> Iterator[Upstream]:
        if self.services:
            yield from servers(self.services)
        if self.otlp:
            yield self.otlp.upstream
        if self.control_plane:
            yield self.control_plane.upstream

    def local(self, cidr: str, zone: str) -> LocalUnit:
        """Envoy with the very configuration of a cloud's edge, but for the admin socket.

        It is ready with its upstream where that runs beside it; a service elsewhere may come later.
        """
        at = loopback.edge_endpoint(cidr, zone)
        flags = ("--config-yaml", _LOCAL_ADMIN, "--concurrency", "1", *FLAGS)
        process = LocalProcess(
            name="envoy",
            program="envoy",
            arguments=("-c", "envoy.json", *flags),
            files={"envoy.json": _compact(self.bootstrap), ROUTES: _compact(self.routes)},
            ready=f"http://{at}{Unit.health if self._is_beside(cidr) else self.health}",
        )
        services = self.services or EdgeServices()
        ports = (at.port, *listening(services))
        return LocalUnit(
            process=process, addresses=tuple(f"tcp {at.host}:{port}" for port in ports)
        )

    def _is_beside(self, cidr: str) -> bool:
        """Whether a server of the upstream runs in the same range of loopback."""
        servers = self.upstreams[None].servers if None in self.upstreams else ()
        network = ipaddress.IPv4Network(cidr)
        addresses = (each for server in servers for each in _addresses(server.host))
        return any(ipaddress.IPv4Network(each).subnet_of(network) for each in addresses)


def _compact(bootstrap: Mapping[str, Any]) -> str:
    # AWS takes 16 KB of user data in all, so no white space.
    return json.dumps(bootstrap, separators=(",", ":")) + "\n"


def _to_servers(upstreams: Iterable[Upstream]) -> Iterator[Rule]:
    """A rule for each port of a server, unless one of WEB lets it pass already.

    The names of rules are parts of Terraform addresses, so that they come from ports.
    """
    ports: dict[int, set[str]] = {}
    for server in (server for upstream in upstreams for server in upstream.servers):
        ports.setdefault(server.port, set()).update(_addresses(server.host))
    for port, cidrs in ports.items():
        if port not in {rule.port for rule in WEB}:
            ranges = ANYWHERE if cidrs & {*ANYWHERE} else tuple(sorted(cidrs))
            yield Rule(name=f"upstream-{port}", port=port, cidrs=ranges)


def _addresses(host: str) -> tuple[str, ...]:
    try:
        return (f"{ipaddress.IPv4Address(host)}/32",)
    except ValueError:
        return ANYWHERE  # a name, whose address only the network itself knows
