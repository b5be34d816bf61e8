"""Checks the whole backbone of a topology: every path, every service, and how old its keys are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from attrs import evolve, frozen

from trunkline.addresses.cloudflare import origin_hostnames
from trunkline.backbone.check_client import CheckClient, CheckUnavailableError, Entry
from trunkline.errors import ConfigurationError
from trunkline.model import Node, Topology

# More than a packet in ten: chance alone does not lose so many.
MOST_LOST = 0.1
CERTIFICATE_DAYS = 14
AT_ONCE = 16

Report = Callable[[str], object]


@frozen(kw_only=True)
class PathCheck:
    """The way from one node to another of another site, as the first one has measured it.

    - `source`, `target`: the nodes.
    - `sent`, `lost`: packets.
    - `round_trip_ms`: the middle one; None without an answer.
    - `mtu`: the longest packet that arrives; `configured_mtu`: what the nodes send at most.
    - `mbit_per_second`: what a stream carries; None where that was not measured.
    - `key_days`: the age of the older of the two nodes' keys; None where they make them themselves.
    - `problem`: what is wrong; empty where nothing is.
    """

    source: str
    target: str
    sent: int = 0
    lost: int = 0
    round_trip_ms: float | None = None
    mtu: int | None = None
    configured_mtu: int | None = None
    mbit_per_second: float | None = None
    key_days: int | None = None
    problem: str = ""

    @property
    def reachable(self) -> bool:
        """Whether any packet came back."""
        return self.round_trip_ms is not None


@frozen(kw_only=True)
class ServiceCheck:
    """A service, as a node has seen it.

    - `node`: which one; `site`: its site.
    - `service`, `host`: its name in the topology, and that under which it was asked.
    - `path`: the sites on the way: one where the edge reaches it directly.
    - `private`: whether the last of them reaches it by a private endpoint.
    - `addresses`: those that the name has there; `connected_to`: the one that was asked.
    - `certificate`: its `names`, `issuer` and `expires`, a day; None where it was not seen.
    - `first_byte_ms`: from connecting to the first byte; None where it speaks second.
    - `status`: of HTTP.
    - `problem`: what is wrong; empty where nothing is.
    """

    node: str
    site: str
    service: str
    host: str
    path: tuple[str, ...]
    private: bool = False
    addresses: tuple[str, ...] = ()
    connected_to: str | None = None
    certificate: Mapping[str, Any] | None = None
    handshake_ms: float | None = None
    first_byte_ms: float | None = None
    status: int | None = None
    problem: str = ""


@frozen
class BackboneReport:
    """What was found; `failures` says why a node has not answered, by its name."""

    paths: tuple[PathCheck, ...]
    services: tuple[ServiceCheck, ...]
    failures: Mapping[str, str]

    @property
    def healthy(self) -> bool:
        """Whether everything answers as it should."""
        return not self.failures and not self.problems

    @property
    def problems(self) -> list[str]:
        """What is wrong with paths and services."""
        found = [path.problem for path in self.paths] + [each.problem for each in self.services]
        return [problem for problem in found if problem]


def entries(topology: Topology) -> dict[str, Entry]:
    """Where each node is asked: under its own hostname, or that of its site, which leads to any."""
    found: dict[str, Entry] = {}
    for site in topology.sites:
        hosts = origin_hostnames(topology, site.name)
        first = next(iter(hosts.values()))
        names = zip(topology.node_names(site.name), topology.edge_zones(site.name), strict=True)
        found |= {name: Entry(site.name, hosts.get(zone, first)) for name, zone in names}
    return found


def check_backbone(
    topology: Topology,
    client: CheckClient,
    *,
    throughput: bool = True,
    asked: Mapping[str, Entry] | None = None,
    report: Report = str,
) -> BackboneReport:
    """Have every node measure its paths and services; `asked` is where each is, for tests.

    Throughput is measured for each pair of sites, one after another. `report` is told what is done.
    Raises ConfigurationError for a topology without a backbone, or without its keys.
    """
    nodes = _nodes(topology)
    where = asked or entries(topology)
    report(f"asking {len(nodes)} nodes to measure")
    failures: dict[str, str] = {}
    answers = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = {
            (name, what): pool.submit(client.ask, where[name], name, what)
            for name in nodes
            for what in ("paths", "services")
        }
        for (name, what), answer in asking.items():
            try:
                answers[name, what] = answer.result()
            except CheckUnavailableError as error:
                failures[name] = str(error)
    today = datetime.now(UTC).date()
    paths = list(_paths(topology, nodes, answers, today))
    if throughput:
        paths = _with_throughput(paths, topology, partial(_stream, client, where), report)
    services = tuple(_services(topology, answers, today))
    return BackboneReport(tuple(paths), services, failures)


def _nodes(topology: Topology) -> dict[str, Node]:
    """The nodes of all sites, by name."""
    backbone = topology.backbone
    if backbone is None:
        raise ConfigurationError(
            f"{topology.name} has no backbone to check: give it the section backbone"
        )
    for site in topology.sites:
        if len(backbone.nodes.get(site.name, ())) < len(topology.node_names(site.name)):
            raise ConfigurationError(
                f"there are no keys yet for the edges of {site.name}: make them with trunkline keys"
            )
    return {node.name: node for site in topology.sites for node in backbone.nodes[site.name]}


def _sites(topology: Topology) -> dict[str, str]:
    """The site of each node."""
    return {name: site.name for site in topology.sites for name in topology.node_names(site.name)}


def _paths(
    topology: Topology,
    nodes: Mapping[str, Node],
    answers: Mapping[tuple[str, str], Mapping[str, Any]],
    today: date,
) -> Iterator[PathCheck]:
    sites = _sites(topology)
    for source in nodes:
        measured = {
            each["node"]: each for each in answers.get((source, "paths"), {}).get("paths", ())
        }
        for target in nodes:
            if sites[source] != sites[target]:
                ages = [_key_days(nodes[each], today) for each in (source, target)]
                days = max((age for age in ages if age is not None), default=None)
                yield _path(source, target, measured.get(target), days)


def _key_days(node: Node, today: date) -> int | None:
    """How old its key is; None where the machine has made it itself."""
    if not node.keys:
        return None
    return max(0, (today - date.fromisoformat(node.keys[0].made)).days)


def _path(
    source: str, target: str, measured: Mapping[str, Any] | None, key_days: int | None
) -> PathCheck:
    if measured is None:
        problem = f"not measured: {source} has not answered, or does not know {target} yet"
        return PathCheck(source=source, target=target, key_days=key_days, problem=problem)
    found = PathCheck(
        source=source,
        target=target,
        sent=measured["sent"],
        lost=measured["lost"],
        round_trip_ms=measured.get("round_trip_ms"),
        mtu=measured.get("mtu"),
        configured_mtu=measured.get("configured_mtu"),
        key_days=key_days,
    )
    return evolve(found, problem=measured.get("error") or _problem(found))


def _problem(path: PathCheck) -> str:
    if not path.reachable:
        return "not reachable"
    if path.lost > path.sent * MOST_LOST:
        return f"{path.lost} of {path.sent} packets were lost"
    if path.mtu != path.configured_mtu:
        longest = f"packets up to {path.mtu} bytes" if path.mtu else "no packet of 576 bytes"
        return f"{longest} arrive, and {path.configured_mtu} are sent"
    return ""


# --- throughput


def _stream(
    client: CheckClient, where: Mapping[str, Entry], source: str, target: str
) -> float | str:
    """Mbit/s, or why it was not measured."""
    try:
        answer = client.ask(where[source], source, "throughput", target)
        return float(answer["mbit_per_second"])
    except CheckUnavailableError as error:
        return str(error)


def _with_throughput(
    paths: Sequence[PathCheck],
    topology: Topology,
    stream: Callable[[str, str], float | str],
    report: Report,
) -> list[PathCheck]:
    """The first path of each pair of sites that carries anything, with what it carries."""
    sites, done, found = _sites(topology), set(), []
    for path in paths:
        pair = (sites[path.source], sites[path.target])
        if path.reachable and pair not in done:
            done.add(pair)
            report(f"sending from {path.source} to {path.target}")
            measured = stream(path.source, path.target)
            if isinstance(measured, str):
                path = evolve(path, problem=path.problem or f"throughput: {measured}")
            else:
                path = evolve(path, mbit_per_second=measured)
        found.append(path)
    return found


# --- services


def _services(
    topology: Topology, answers: Mapping[tuple[str, str], Mapping[str, Any]], today: date
) -> Iterator[ServiceCheck]:
    sites = _sites(topology)
    homes = {service.name: service.site for service in topology.services}
    private = {service.name for service in topology.services if service.endpoints}
    for (name, what), answer in answers.items():
        if what == "services":
            for seen in answer["services"]:
                near, home = sites[name], homes.get(seen["service"], "")
                path = (near,) if seen["far"] else (near, home)
                found = _service(name, near, path, seen, today)
                yield evolve(found, private=found.service in private)


def _service(
    node: str, site: str, path: tuple[str, ...], seen: Mapping[str, Any], today: date
) -> ServiceCheck:
    certificate = seen.get("certificate")
    problem = seen.get("error", "")
    if certificate:
        ends = datetime.fromtimestamp(certificate["expires"], UTC).date()
        certificate = {**certificate, "expires": ends.isoformat()}
        if ends - today < timedelta(days=CERTIFICATE_DAYS):
            problem = problem or f"its certificate expires on {ends}"
    return ServiceCheck(
        node=node,
        site=site,
        service=seen["service"],
        host=seen["host"],
        path=path,
        addresses=tuple(seen.get("addresses", ())),
        connected_to=seen.get("connected_to"),
        certificate=certificate,
        handshake_ms=seen.get("handshake_ms"),
        first_byte_ms=seen.get("first_byte_ms"),
        status=seen.get("status"),
        problem=problem,
    )
