"""Whether each route is answered, and by its own site."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from trunkline.addresses.names import public_url, route_url
from trunkline.check import asking
from trunkline.check.certificates import certificate
from trunkline.check.line import CheckLine, State
from trunkline.envoy.answers import SITE
from trunkline.model import Route, Topology


def hostname(topology: Topology) -> Iterator[CheckLine]:
    """Whether the public hostname has an address, and how long its certificate is valid."""
    url = public_url(topology)
    host = urlsplit(url).hostname or ""
    try:
        there = asking.resolve(host)
    except OSError as error:
        remedy = "look at the name servers of this machine"
        yield CheckLine("name", host, State.UNKNOWN, f"cannot be looked up: {error}", remedy)
        return
    if not there:
        remedy = "make it: trunkline apply --only routing"
        yield CheckLine("name", host, State.FAILED, "has no address", remedy)
        return
    yield CheckLine("name", host, State.OK, "has an address")
    try:
        yield from certificate(host, asking.ask(url))
    except OSError:
        return  # the routes say so


def route(topology: Topology, route: Route) -> Iterator[CheckLine]:
    """Who answers a route; one behind Cloudflare Access is not asked as its users ask it."""
    where = route.prefix
    if route.forwarding.management or route.forwarding.access:
        said = "is behind Cloudflare Access, which lets no check in"
        yield CheckLine("route", where, State.UNKNOWN, said)
        return
    try:
        answer = asking.ask(route_url(topology, route))
    except OSError as error:
        remedy = "look at the name and at Cloudflare's status page"
        yield CheckLine("route", where, State.FAILED, f"does not answer: {error}", remedy)
        return
    yield _answered(route, answer.headers.get(SITE), answer.status)


def _answered(route: Route, site: str | None, status: int) -> CheckLine:
    where = route.prefix
    if site is None:
        said = f"no site answered; status {status}"
        remedy = "look at the origins of its sites, then trunkline apply --only routing"
        return CheckLine("route", where, State.FAILED, said, remedy)
    said = f"{site} answers with status {status}"
    if site not in route.sites:
        remedy = "it goes elsewhere than the file says: trunkline apply --only routing"
        return CheckLine("route", where, State.FAILED, said, remedy)
    if site != route.site:
        remedy = f"look at the origin of {route.site}"
        return CheckLine("route", where, State.WARNING, f"{said}, in place of {route.site}", remedy)
    return CheckLine("route", where, State.OK, said)
