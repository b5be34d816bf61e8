"""A machine of a cloud: booted with its user data, behind its firewall, at the internet.

machine's namespace ── cable ── cloud's end: firewall, translation of addresses, the doubles of
                                its metadata and its secret store, the vendors, the names
                                ├── hub: the internet
                                └── net: the other machines of its network
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import re
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from doubles.machines import machine as booting
from doubles.machines.machine import Machine
from doubles.machines.network import Network, answering, inside
from doubles.machines.scene import Cloud, Scene
from doubles.services.cloud import METADATA_ADDRESS, METADATA_NAME
from doubles.services.trust import Authority
from doubles.services.web import Double, Request, Response, serving

from rehearsal import firewall
from rehearsal.clouds.base import Plug, Sky
from rehearsal.internet import Internet, ip
from rehearsal.names import Lookup, in_network, serving_names, with_hosts, with_private
from rehearsal.networks import Networks, lead
from rehearsal.world import State, StoreFault, World
from trunkline.model import Server

_CERTIFICATE = re.compile(
    r"^(?P<indent> *)-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n",
    re.MULTILINE | re.DOTALL,
)
LATE = 3.0
"""Seconds until a machine's identity may read, as new grants spread in the clouds."""

DENIED = {"aws": 400, "google": 403, "azure": 403}


@dataclass
class Running:
    """A machine that is switched on; `close` ends it and takes its network away."""

    name: str
    sky: Sky
    state: State
    plug: Plug
    cable: Network
    internet: Internet
    behind: Behind | None = None
    booted: Machine | None = None
    runs: bool = True
    _rules: str = field(default="", repr=False)
    _routes: Mapping[str, str] = field(default_factory=dict, repr=False)
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    @property
    def machine(self) -> Machine:
        assert self.booted, f"{self.name} is not switched on"
        return self.booted

    def close(self) -> None:
        self.resources.close()

    def join(self) -> None:
        """Stand at the internet with the public address, where it has one."""
        if self.plug.public:
            self.internet.join(self.cable.cloud, self.plug.public, self.plug.place)

    def unplug(self) -> None:
        if self.plug.public:
            self.internet.leave(self.plug.public)

    def readdress(self, world: World) -> None:
        """Take the public address that the cloud gives it now."""
        now = self.sky.plug(world, self.state)
        if now != self.plug:
            self.unplug()
            self.plug = now
            self.join()

    def serve(self, world: World) -> None:
        """Have the service behind it that the topology says now."""
        if self.behind:
            self.behind.stand(world.servers.get(self.name, ()))

    def protect(self, world: World) -> None:
        """Load the firewall as the cloud's rules are now."""
        text = firewall.ruleset(
            self.sky.firewall(world, self.state),
            self.plug.private,
            self.plug.public,
            (METADATA_ADDRESS, self.sky.resolver),
        )
        if text != self._rules:  # most changes of a cloud concern other machines
            firewall.load_rules(self.cable.cloud, text)
            self._rules = text

    def lead(self, routes: Mapping[str, str]) -> None:
        """Have the routes of its subnet."""
        if routes != self._routes:
            lead(self.cable, routes)
            self._routes = dict(routes)


@dataclass(frozen=True)
class _Granting:
    """A secret store that answers by what the machine's identity may read at that moment."""

    double: Double
    cloud: Cloud
    granted: Callable[[], Mapping[str, str]]
    faults: Callable[[], list[StoreFault]]
    since: float = field(default_factory=time.monotonic)

    def answer(self, request: Request) -> Response:
        found = self.granted() if time.monotonic() - self.since > LATE else {}
        secret = self.cloud.secrets
        secret.values = dict(found)
        secret.refusals[:] = [] if found else [DENIED[self.cloud.name]]
        if found and (faults := self.faults()):
            fault = faults.pop(0)
            time.sleep(fault.seconds)
            secret.refusals[:] = [fault.status] if fault.status else []
        return self.double.answer(request)


def switch_on(
    name: str,
    sky: Sky,
    state: State,
    *,
    world: World,
    scene: Scene,
    internet: Internet,
    networks: Networks,
    lookup: Lookup,
) -> Running:
    """Boot a machine. What fails is taken away again."""
    plug = sky.plug(world, state)
    cloud, text = sky.double(world, state)
    user_data = _with_client_authority(text, scene.authority.pem)
    length = int(plug.cidr.partition("/")[2])
    gateway = _gateway(plug.cidr)
    with contextlib.ExitStack() as stack:
        cable = stack.enter_context(
            booting.cable(machine_address=plug.private, cloud_address=gateway, length=length)
        )
        networks.join(plug.network, cable)
        ip("-n", cable.cloud, "address", "replace", f"{sky.resolver}/32", "dev", "cloud0")
        running = Running(name, sky, state, plug, cable, internet)
        http: dict[str, Any] = {**scene.vendors.http, **cloud.http()}
        granted = functools.partial(sky.granted, world, state)
        granting = {
            host: _Granting(each, cloud, granted, lambda: world.store_faults.get(name, []))
            for host, each in cloud.https().items()
        }
        https: dict[str, Any] = {**scene.vendors.https, **granting}
        hosts = dict.fromkeys({**http, **https}, gateway) | {METADATA_NAME: METADATA_ADDRESS}
        running.behind = Behind(
            cable, scene.authority, gateway, http, https, hosts, world.unnamed, world.receive
        )
        stack.callback(running.behind.close)
        running.behind.stand(world.servers.get(name, ()))
        stack.enter_context(answering(cable, http, https, scene.authority))
        with inside(cable.cloud):
            names = with_private(in_network(world, sky, plug.network), with_hosts(hosts, lookup))
            stack.enter_context(serving_names(sky.resolver, names))
        files = {
            **scene.files(cloud, "127.0.0.1 localhost\n", f"nameserver {sky.resolver}\n"),
            **cloud.files(user_data),
        }
        # The rules are there before the machine and its way in: nothing of a first boot slips
        # through, and what comes in reaches no double.
        running.protect(world)
        stack.callback(running.unplug)
        running.join()
        running.booted = stack.enter_context(
            booting.booted(scene.images, cable, files, cloud_init=cloud.name != "google")
        )
        running.resources = stack.pop_all()
        return running


@dataclass(frozen=True)
class _Service:
    """The service behind an edge, which says who it is."""

    url: str
    receive: Callable[[str], None]

    def answer(self, request: Request) -> Response:
        self.receive(f"{request.method} {request.path}")
        return Response.text(f"{self.url} answers {request.path}\n")


@dataclass
class Behind:
    """The servers behind an edge, in the edge's network; others may take their place.

    On a port of the vendors' hosts it stands among them, else it has a server of its own. Over TLS
    on the vendors' port it has to be there from the start, for its certificate.
    """

    cable: Network
    authority: Authority
    gateway: str
    http: dict[str, Any]
    https: dict[str, Any]
    hosts: dict[str, str]
    unnamed: Set[str]
    receive: Callable[[str], None]
    now: tuple[Server, ...] = ()
    _standing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def stand(self, servers: tuple[Server, ...]) -> None:
        if servers == self.now:
            return
        self.close()
        self.now = servers
        at = {(server.port, server.tls) for server in servers}
        for port, tls in sorted(at):
            self._serve(port, tls, [s for s in servers if (s.port, s.tls) == (port, tls)])

    def close(self) -> None:
        self._standing.close()

    def _serve(self, port: int, tls: bool, servers: Sequence[Server]) -> None:
        services = {server.host: _Service(server.url, self.receive) for server in servers}
        named = services.keys() - self.unnamed
        self._add(self.hosts, dict.fromkeys(named, self.gateway))
        for host in filter(_is_address, services):
            address = (f"{host}/32", "dev", "cloud0")
            ip("-n", self.cable.cloud, "address", "replace", *address)
        if (port, tls) in ((80, False), (443, True)):
            self._add(self.https if tls else self.http, services)
            return
        context = self.authority.server(services) if tls else None
        with inside(self.cable.cloud):
            self._standing.enter_context(serving(port, services, context))

    def _add(self, table: dict[str, Any], what: Mapping[str, Any]) -> None:
        table.update(what)
        for name in what:
            self._standing.callback(table.pop, name, None)


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def _with_client_authority(user_data: str, pem: str) -> str:
    """User data with the rehearsal's authority in place of that of Cloudflare's client certificate.

    Public edges ask for that certificate, and nobody but Cloudflare has its key.
    """
    found = _CERTIFICATE.search(user_data)
    if found is None:
        return user_data
    own = "".join(f"{found['indent']}{line}\n" for line in pem.splitlines())
    return user_data[: found.start()] + own + user_data[found.end() :]


def _gateway(cidr: str) -> str:
    return str(ipaddress.ip_network(cidr)[1])
