"""The sky: what the providers' doubles do when Terraform applies a change."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doubles.machines.scene import Scene
from doubles.providers.double import listening
from doubles.providers.effects import Effects, State
from doubles.providers.plugin_mirror import schema_files

from rehearsal import cloudflare_edge, mesh, plans, workers
from rehearsal.cloudflare_edge import CloudflareEdge
from rehearsal.clouds import BY_CLOUD, BY_MACHINE
from rehearsal.clouds.base import Sky as CloudSky
from rehearsal.clouds.base import unknown
from rehearsal.distances import CLOUDFLARE as CLOUDFLARES_PLACE
from rehearsal.internet import Internet, namespace
from rehearsal.machines import Running, switch_on
from rehearsal.names import public_names
from rehearsal.networks import Networks, networks
from rehearsal.world import CLOUDFLARE, World, key

BOOTS_AT_ONCE = 3
CONNECTED = "Cannot delete tunnel because it has active connections"


@dataclass
class _Hold:
    taken: bool
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        self.reached.set()
        self.released.wait(120)


@dataclass
class Sky(Effects):
    """All clouds of one rehearsal, and what stands in them."""

    world: World
    scene: Scene
    internet: Internet
    networks: Networks
    edge: CloudflareEdge
    running: dict[str, Running] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Types whose next change fails, each with the cloud's words."""
    _holds: dict[str, _Hold] = field(default_factory=dict)
    _protecting: threading.Lock = field(default_factory=threading.Lock)
    _booting: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(BOOTS_AT_ONCE)
    )

    # --- what Terraform asks

    def refusal(self, type_name: str, prior: State | None, planned: State | None) -> str | None:
        if planned is not None and (hold := self._holds.get(type_name)) and not hold.taken:
            hold.wait()
            return "the request was cut off"
        for fault in self.faults:
            if fault[0] == type_name:
                self.faults.remove(fault)
                return fault[1]
        made = planned if prior is None else None
        for cloud in BY_CLOUD.values():
            if why := cloud.zone_refused(self.world, type_name, prior, planned):
                return why
            if made is not None and (why := cloud.route_refused(self.world, type_name, made)):
                return why
        if type_name in BY_MACHINE and prior is None and planned is not None:
            return BY_MACHINE[type_name].taken(self.world, planned)
        if planned is not None and (why := plans.refused(self.world, type_name, planned)):
            return why
        if planned is not None and (why := mesh.refused(self.world, type_name, planned)):
            return why
        if type_name == cloudflare_edge.RULESET and planned is not None:
            return cloudflare_edge.rules_refused(planned)
        if type_name == cloudflare_edge.TUNNEL and planned is None and prior is not None:
            return CONNECTED if self.edge.is_connected(str(prior["id"])) else None
        return None

    def settle(self, type_name: str, planned: State) -> State:
        if type_name in (cloudflare_edge.TUNNEL, mesh.CONNECTOR) and unknown(planned.get("id")):
            return {**planned, "id": str(uuid.uuid4())}  # its token is another one each time
        for cloud in BY_MACHINE.values():
            if type_name in cloud.effective:
                return cloud.settle(self.world, type_name, planned)
        return planned

    def write(self, type_name: str, state: State, written: State) -> None:
        self.world.write(type_name, state, written)

    def follow(self, type_name: str, prior: State | None, state: State | None) -> None:
        if type_name == cloudflare_edge.SETTING:
            # It is of the zone, and stays as it is when a stack that has set it is destroyed: the
            # provider says that it "cannot be destroyed from Terraform".
            if state is not None:
                self.world.put_before(type_name, state)
            return
        if prior is not None and (state is None or key(prior) != key(state)):
            self._end(type_name, prior)
            self.world.drop(type_name, prior)
        if state is not None:
            self.world.put(type_name, state)
            if type_name in BY_MACHINE and prior is None:
                self._start(type_name, state)
        if type_name in cloudflare_edge.FRONT_TYPES:
            self.edge.workers.deploy()
        self.protect()
        if state is not None and (hold := self._holds.get(type_name)):
            hold.wait()

    def current(self, type_name: str, state: State) -> State | None:
        return self.world.now(type_name, state)

    def answer(self, type_name: str, config: State, provider: State) -> dict[str, Any]:
        if type_name in (f"{cloudflare_edge.TUNNEL}_token", mesh.TOKEN):
            made = cloudflare_edge.token(str(config["tunnel_id"]), str(config["account_id"]))
            return {"token": made}
        if type_name == f"{cloudflare_edge.TUNNEL}s":
            return cloudflare_edge.find_tunnels(self.world, config)
        if type_name == workers.ZONE:
            return cloudflare_edge.find_zone(self.world, config)
        for cloud in BY_CLOUD.values():
            if (found := cloud.answer(self.world, type_name, config)) is not None:
                return dict(found)
        return super().answer(type_name, config, provider)

    @contextlib.contextmanager
    def held(self, type_name: str, *, taken: bool = False) -> Iterator[threading.Event]:
        """Hold every request that makes or changes a type; the event says that one has come.

        After the block those that were held are lost, as if they had never come; those that were
        `taken` are done, and only their answers are late.
        """
        hold = self._holds[type_name] = _Hold(taken)
        try:
            yield hold.reached
        finally:
            del self._holds[type_name]
            hold.released.set()

    # --- machines

    def _start(self, type_name: str, state: State) -> None:
        sky = BY_MACHINE[type_name]
        name = machine_name(state)
        with self._booting:
            self.running[key(state)] = switch_on(
                name,
                sky,
                state,
                world=self.world,
                scene=self.scene,
                internet=self.internet,
                networks=self.networks,
                lookup=public_names(self.world),
            )

    def _end(self, type_name: str, state: State) -> None:
        with self._protecting:
            machine = self.running.pop(key(state), None)
        if machine is None:
            return
        machine.close()
        if machine.plug.public:
            self.edge.drop(machine.plug.public)

    def protect(self) -> None:
        """Give every machine its address and its firewall anew; any change may concern it."""
        with self._protecting:  # Terraform changes several things at once
            for machine in list(self.running.values()):
                with contextlib.suppress(AssertionError):  # it is being taken down piece by piece
                    machine.readdress(self.world)
                    machine.protect(self.world)
                    plug = machine.plug
                    machine.lead(self.routes(machine.sky, plug.network, plug.cidr))

    def routes(self, cloud: CloudSky, network: str, cidr: str) -> Mapping[str, str]:
        """Where the routes of a subnet lead now: the private address of the hop by range."""
        running = {
            each.plug.private
            for each in list(self.running.values())
            if each.plug.network == network and each.runs
        }
        return cloud.routes(self.world, network, cidr, running.__contains__)

    def serve(self) -> None:
        """Have the services behind the edges that the topology says now."""
        for machine in list(self.running.values()):
            machine.serve(self.world)

    def find(self, name: str) -> Running:
        """The running machine of that name."""
        return self.named(name)[0]

    def named(self, name: str) -> list[Running]:
        """All running machines of that name, the oldest first."""
        return [each for each in self.running.values() if each.name == name]

    def terminate(self, machine: Running) -> None:
        """End a machine behind Terraform's back."""
        self._end(machine.sky.machine_type, machine.state)
        self.world.drop(machine.sky.machine_type, machine.state)

    def stop(self, machine: Running) -> None:
        """Shut a machine down, which its cloud keeps."""
        machine.machine.switch_off()
        machine.runs = False
        machine.unplug()
        if machine.plug.public:
            self.edge.drop(machine.plug.public)
        self.protect()

    def start(self, machine: Running) -> None:
        """Boot a machine that was stopped."""
        machine.state = machine.sky.restarted(self.world, machine.state)
        machine.plug = machine.sky.plug(self.world, machine.state)
        self.world.put(machine.sky.machine_type, machine.state)
        machine.join()
        machine.runs = True
        self.protect()
        machine.machine.switch_on()

    def without_effect(self) -> set[str]:
        """The types that were applied and are in no cloud's list, by name."""
        known = cloudflare_edge.EFFECTIVE | cloudflare_edge.REMEMBERED
        for cloud in BY_MACHINE.values():
            known |= cloud.effective | cloud.remembered
        return {each for each in self.world.resources if each not in known}

    def remembered(self) -> set[str]:
        """The types that were applied and have no effect by intention."""
        known = cloudflare_edge.REMEMBERED.union(*(c.remembered for c in BY_MACHINE.values()))
        return {each for each in self.world.resources if each in known}


def machine_name(state: State) -> str:
    """A machine's own name; AWS keeps it in a tag."""
    return str((state.get("tags") or {}).get("Name") or state["name"])


@contextlib.contextmanager
def sky(scene: Scene, internet: Internet, folder: Path) -> Iterator[tuple[Sky, str]]:
    """A sky, and the TF_REATTACH_PROVIDERS that leads Terraform to it; all ends with the block."""
    world = World()
    with networks() as bridges, namespace("cloudflare") as place:
        internet.join(place, CLOUDFLARE, CLOUDFLARES_PLACE)
        edge = CloudflareEdge(world, place, folder, scene.authority)
        made = Sky(world, scene, internet, bridges, edge)
        with edge.serving(), listening(schema_files(), made) as addresses:
            try:
                yield made, addresses
            finally:
                for machine in list(made.running.values()):
                    machine.close()
