"""Whether each edge answers, and whether all machines of a site are on its tunnel."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from attrs import evolve

from trunkline.addresses.base import edge_name
from trunkline.addresses.cloudflare import TOKEN, origin_hostnames
from trunkline.addresses.names import origin_url
from trunkline.check import asking
from trunkline.check.certificates import certificate
from trunkline.check.line import CheckLine, State
from trunkline.deploy.connectors import Connectors, ConnectorsError
from trunkline.model import EDGE_KEY_HEADER, Cloudflare, Site, Topology


def origins(topology: Topology, site: Site, key: str) -> Iterator[CheckLine]:
    """Whether each origin of a site answers with the edge key, past the Worker.

    One that does not is a warning where another one of the site does, which serves for both.
    """
    urls = [origin_url(topology, site.name)]
    if isinstance(topology.ingress, Cloudflare):
        urls = [f"https://{name}" for name in origin_hostnames(topology, site.name).values()]
    lines = [line for url in urls for line in _origin(url, site, key)]
    serves = any(line.what == "origin" and line.state is State.OK for line in lines)
    for line in lines:
        missed = serves and line.state is State.FAILED
        yield evolve(line, state=State.WARNING) if missed else line


def tunnel(topology: Topology, site: Site, connectors: Connectors) -> Iterator[CheckLine]:
    """Whether the tunnel of a site has a connector for each of its machines."""
    if not isinstance(topology.ingress, Cloudflare) or topology.edge.exposure == "public":
        return
    name, wanted = edge_name(topology.name, site.name), len(topology.edge_zones(site.name))
    apply = f"trunkline apply --only edge-{site.name}"
    try:
        found = connectors.of(name)
    except ConnectorsError as error:
        remedy = f"export {TOKEN}, which may read tunnels"
        yield CheckLine("tunnel", name, State.UNKNOWN, str(error), remedy)
        return
    said = f"{len(found)} of {wanted} machines connected"
    if len(found) >= wanted:
        yield CheckLine("tunnel", name, State.OK, said)
    else:
        state = State.WARNING if found else State.FAILED
        yield CheckLine("tunnel", name, state, said, f"look at its machines, or make them: {apply}")


def _origin(url: str, site: Site, key: str) -> Iterator[CheckLine]:
    host = urlsplit(url).netloc
    apply = f"trunkline apply --only edge-{site.name}"
    try:
        if not asking.resolve(urlsplit(url).hostname or ""):
            yield CheckLine(
                "origin", host, State.FAILED, "the name has no address", f"make it: {apply}"
            )
            return
        answer = asking.ask(f"{url}/healthz", {EDGE_KEY_HEADER: key} if key else {})
    except OSError as error:
        remedy = f"look at its machine, or make it: {apply}"
        yield CheckLine("origin", host, State.FAILED, f"does not answer: {error}", remedy)
        return
    yield _health(host, answer.status, apply, key=bool(key))
    yield from certificate(host, answer)


def _health(host: str, status: int, apply: str, *, key: bool) -> CheckLine:
    match status:
        case 200:
            return CheckLine("origin", host, State.OK, "healthy")
        case 403 if not key:
            said = "there is no edge key to ask with"
            return CheckLine("origin", host, State.UNKNOWN, said, "name the keys' file with --keys")
        case 403:
            said, remedy = "does not take the edge key", f"it has another key: {apply}"
        case 503:
            said = "drains, or has no healthy upstream"
            remedy = "look at your service; a drained edge is back once its machine is replaced"
        case 530:
            said, remedy = "no edge behind its tunnel", f"no machine is connected: {apply}"
        case _:
            said = f"answers with status {status}"
            remedy = f"look at its machine, or make it: {apply}"
    return CheckLine("origin", host, State.FAILED, said, remedy)
