"""What machines cost: the machine itself, its public address and its disk."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.clouds.facts import facts_of
from trunkline.cost.line import Line
from trunkline.cost.prices import PriceBook
from trunkline.model import Site, Topology


def edge_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """The machines of the edges, in each site as many as `edge.replicas` says."""
    for site in topology.sites:
        yield from _machine_lines(site, len(topology.edge_zones(site.name)), book)


def probe_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """The probes of the current batch, as if they ran all month."""
    for site in topology.sites if topology.probes else ():
        yield from _machine_lines(site, len(topology.probed_zones(site.name)), book)


def _machine_lines(site: Site, count: int, book: PriceBook) -> Iterator[Line]:
    """Nothing for a site whose machines are not paid for: they are processes of this one."""
    facts = facts_of(site.cloud)
    sizes, disk = facts.sizes, facts.disk
    if sizes is None or disk is None:
        return
    size = site.machine or sizes.default
    kind = disk.kind_of(size)
    yield line(site, size, f"machine/{size}", book, times=count)
    yield line(site, "public IPv4 address", "ipv4", book, times=count)
    yield line(
        site,
        f"disk {kind}, {disk.gib} GiB",
        f"disk/{kind}",
        book,
        quantity=disk.gib,
        times=count,
    )


def line(
    site: Site,
    item: str,
    price: str,
    book: PriceBook,
    *,
    quantity: float = 1.0,
    times: float = 1.0,
    start: float = 0.0,
) -> Line:
    """A line of a site: `price` is the ID without its cloud, and counts in the site's region.

    Where it is known of other regions alone, the note says what it is there.
    """
    name = f"{site.cloud}/{price}"
    found = book.find(name, site.region)
    return Line(
        site=site.name,
        item=item,
        price=found,
        id=found.id if found else f"{name}@{site.region}",
        quantity=quantity,
        times=times,
        start=start,
        note="" if found else _elsewhere(name, book),
    )


def _elsewhere(name: str, book: PriceBook) -> str:
    known = [f"{price.shown} in {price.id.partition('@')[2]}" for price in book.elsewhere(name)]
    return f"it is {', '.join(known)}" if known else ""
