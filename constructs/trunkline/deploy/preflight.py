"""What a run on this machine needs, looked at before anything starts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from trunkline.addresses import loopback
from trunkline.errors import MachineError, TerraformError, TrunklineError
from trunkline.local import ports, programs
from trunkline.local.processes import find_marked
from trunkline.model import LocalIngress, Topology
from trunkline.terraform.run import find_terraform

OLDEST_TERRAFORM = (1, 10)
SHOWN = 5  # addresses that are taken: another topology of this machine takes them all


def check(topology: Topology, folder: Path) -> None:
    """Raise MachineError with all that is missing: Terraform, programs, free addresses.

    `folder` is where the machines come. What runs there already may hold the addresses.
    """
    needs: tuple[Callable[[], object], ...] = (
        _terraform,
        lambda: programs.find("envoy", folder),
        lambda: programs.find("workerd", folder),
    )
    missing = [why for need in needs if (why := _failure(need))]
    taken = list(_obstacles(topology, folder))
    more = [f"and {len(taken) - SHOWN} more addresses"] if len(taken) > SHOWN else []
    if missing := [*missing, *taken[:SHOWN], *more]:
        raise MachineError("nothing was started:\n" + "\n".join(f"  {why}" for why in missing))


def _obstacles(topology: Topology, folder: Path) -> Iterator[str]:
    """Why addresses cannot be taken, but for those that machines in `folder` hold."""
    obstacles = {each: ports.obstacle(each) for each in addresses(topology)}
    obstacles = {each: why for each, why in obstacles.items() if why}
    own = {process.pid for process in find_marked(str(folder.resolve()))} if obstacles else set()
    for address, why in obstacles.items():
        protocol, _, place = address.partition(" ")
        host, _, port = place.rpartition(":")
        if not own & ports.holders(protocol, host, int(port)):
            yield why


def addresses(topology: Topology) -> Iterator[str]:
    """Every address that the machines of a local topology take: `tcp 127.10.0.1:8080`."""
    if isinstance(topology.ingress, LocalIngress):
        yield f"tcp {loopback.ingress_endpoint(topology.ingress)}"
    for site in topology.sites:
        cidr = loopback.site_cidr(site)
        yield f"tcp {loopback.edge_endpoint(cidr, site.zone)}"
        if site.upstream is None:
            yield f"tcp {loopback.sample_endpoint(cidr, site.zone)}"
        if topology.probes is None:
            continue
        for zone in topology.probed_zones(site.name):
            at = loopback.probe_endpoint(cidr, zone, topology.probes.port)
            yield from (f"udp {at}", f"tcp {at}", f"tcp {at.host}:{at.port + 1}")


def _failure(need: Callable[[], object]) -> str:
    try:
        need()
    except TrunklineError as error:
        return str(error)
    return ""


def _terraform() -> None:
    done = subprocess.run(
        [find_terraform(), "version", "-json"],
        env={"CHECKPOINT_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    found = _version(done.stdout)
    if found < OLDEST_TERRAFORM:
        version = ".".join(map(str, found)) or "unknown"
        raise TerraformError(
            f"terraform has the version {version}; install Terraform "
            f"{'.'.join(map(str, OLDEST_TERRAFORM))} or newer: "
            "https://developer.hashicorp.com/terraform/install"
        )


def _version(printed: str) -> tuple[int, ...]:
    """The version in what `terraform version -json` prints; empty where there is none."""
    try:
        text = json.loads(printed)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(map(int, re.findall(r"\d+", str(text).split("-")[0])))
