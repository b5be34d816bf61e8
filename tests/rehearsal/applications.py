"""An application: a place in a cloud's network that is no machine of ours.

It stands at the network's bridge like a machine, with nothing of a firewall before it, and asks the
cloud's own DNS.
"""

from __future__ import annotations

import contextlib
import ipaddress
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from doubles.machines import machine as booting
from doubles.machines.network import Network, inside

from rehearsal.clouds.base import Sky
from rehearsal.firewall import Firewall, load_rules, ruleset
from rehearsal.internet import ip
from rehearsal.names import Lookup, asking, in_network, serving_names, with_private
from rehearsal.networks import Networks, lead
from rehearsal.world import World

OPEN = Firewall((), rest_in=True, rest_out=True)


@dataclass(frozen=True)
class Application:
    """Runs commands in a namespace of its own."""

    cable: Network
    folder: Path
    network: str
    cidr: str
    sky: Sky

    @property
    def address(self) -> str:
        return self.cable.machine_address

    def lead(self, routes: Mapping[str, str]) -> None:
        """Have the routes of its subnet, as they are now."""
        lead(self.cable, routes)

    def run(self, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """A command and what came of it."""
        return subprocess.run(
            asking(self.cable.machine, command),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


@contextlib.contextmanager
def application(
    sky: Sky,
    network: str,
    address: str,
    cidr: str,
    *,
    world: World,
    networks: Networks,
    lookup: Lookup,
    folder: Path,
) -> Iterator[Application]:
    """An application with an address of a subnet's range; `folder` is its own and empty."""
    range_ = ipaddress.ip_network(cidr)
    with contextlib.ExitStack() as stack:
        cable = stack.enter_context(
            booting.cable(
                machine_address=address, cloud_address=str(range_[1]), length=range_.prefixlen
            )
        )
        networks.join(network, cable)
        load_rules(cable.cloud, ruleset(OPEN, address, None, (sky.resolver,)))
        ip("-n", cable.cloud, "address", "replace", f"{sky.resolver}/32", "dev", "cloud0")
        names = with_private(in_network(world, sky, network), lookup)
        with inside(cable.cloud):
            stack.enter_context(serving_names(sky.resolver, names))
        (folder / "resolv.conf").write_text(f"nameserver {sky.resolver}\n")
        yield Application(cable, folder, network, cidr, sky)
