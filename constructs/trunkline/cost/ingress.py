"""What Cloudflare costs: the zone's plan, the Worker, and the add-ons that are bought."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.cost.line import Line
from trunkline.cost.prices import PriceBook
from trunkline.model import Cloudflare, Topology
from trunkline.routing import STRATEGIES

WORKERS_FREE = "Workers Free does it for nothing up to 100,000 requests a day"
INCLUDED_ENDPOINTS = 2


def ingress_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """Nothing where this machine is the ingress."""
    if not isinstance(topology.ingress, Cloudflare):
        return
    yield _line("zone on the plan " + topology.ingress.plan, f"plan/{topology.ingress.plan}", book)
    if STRATEGIES[topology.routing.strategy].runs_worker:
        yield from _worker_lines(topology, book)
    if sends_by_smart_routing(topology):
        yield _line("Smart Routing (Argo)", "argo", book)
        if gigabytes := sum(topology.traffic.routes.values()):
            yield _line("traffic by Smart Routing", "argo_traffic", book, quantity=gigabytes)
    if "load_balancing" in topology.ingress.add_ons:
        yield _line("Load Balancing", "load_balancing", book)
        if (more := _endpoints(topology) - INCLUDED_ENDPOINTS) > 0:
            yield _line("more endpoints", "load_balancing_endpoint", book, times=more)


def sends_by_smart_routing(topology: Topology) -> bool:
    """Whether Smart Routing is on, and paid by the gigabyte."""
    ingress, wanted = topology.ingress, topology.routing.smart_routing
    bought = isinstance(ingress, Cloudflare) and "smart_routing" in ingress.add_ons
    return wanted is True or (bought and wanted is None)


def _worker_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    requests = topology.traffic.requests or 0
    yield _line("Workers Paid", "workers_paid", book, note=WORKERS_FREE)
    if requests:
        yield _line("requests to the Worker", "workers_requests", book, quantity=requests)
    if requests and topology.routing.analytics:
        yield _line("analytics", "analytics", book, quantity=requests)
    if requests and (sampling := topology.routing.worker.log_sampling):
        yield _line("logs of the Worker", "logs", book, quantity=requests * sampling)


def _endpoints(topology: Topology) -> int:
    """The sites that load balancers know as endpoints."""
    return len({site for route in topology.routing.public for site in route.sites})


def _line(
    item: str,
    price: str,
    book: PriceBook,
    *,
    quantity: float = 1.0,
    times: float = 1.0,
    note: str = "",
) -> Line:
    name = f"cloudflare/{price}"
    return Line(
        site="",
        item=item,
        price=book.find(name),
        id=name,
        quantity=quantity,
        times=times,
        note=note,
    )
