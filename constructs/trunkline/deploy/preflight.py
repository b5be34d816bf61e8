"""What a run on this machine needs, looked at before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from trunkline.addresses import loopback
from trunkline.envoy import listening
from trunkline.errors import MachineError, TrunklineError
from trunkline.local import ports, programs
from trunkline.local.processes import find_marked
from trunkline.model import EdgeServices, LocalIngress, Site, Topology
from trunkline.stacks.edge_services import edge_services
from trunkline.terraform.run import check_version, find_terraform

SHOWN = 5  # addresses that are taken: another topology of this machine takes them all


def check(topology: Topology, folder: Path) -> None:
    """Raise MachineError with all that is missing: Terraform, programs, free addresses.

    `folder` is where the machines come. What runs there already may hold the addresses.
    """
    needs: tuple[Callable[[], object], ...] = (
        lambda: check_version(find_terraform()),
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
        if not own & ports.holders(*ports.parts(address)):
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
        yield from _for_services(topology, site)
        if topology.probes is None:
            continue
        for zone in topology.probed_zones(site.name):
            at = loopback.probe_endpoint(cidr, zone, topology.probes.port)
            yield from (f"udp {at}", f"tcp {at}", f"tcp {at.host}:{at.port + 1}")


def _for_services(topology: Topology, site: Site) -> Iterator[str]:
    """Where the edge of a site answers for services, and the samples that stand in for them."""
    services = edge_services(topology, site) or EdgeServices()
    for port in listening(services):
        yield f"tcp {services.address}:{port}"
    for tls in {each.tls for each in services.reached if each.reached_by_name}:
        yield f"tcp {loopback.stand_in_endpoint(loopback.site_cidr(site), site.zone, tls=tls)}"


def _failure(need: Callable[[], object]) -> str:
    try:
        need()
    except TrunklineError as error:
        return str(error)
    return ""
