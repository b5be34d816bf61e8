"""A report from all that is known of a topology."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from attrs import define, field, frozen

from trunkline.bench.results import Results
from trunkline.measurements import Measurements
from trunkline.model import Cloudflare, Topology
from trunkline.report.checks import Checks
from trunkline.report.costs import MonthlyCosts
from trunkline.report.parts import Fact, Section
from trunkline.report.sections.bench import bench_section
from trunkline.report.sections.checks import checks_section
from trunkline.report.sections.cost import cost_section
from trunkline.report.sections.latency import latency_section, physical_zones
from trunkline.report.sections.placement import placement_section
from trunkline.report.sections.topology import routes_section, topology_section
from trunkline.report.sections.traffic import traffic_section
from trunkline.routing import STRATEGIES
from trunkline.traffic.counted import Counted


@frozen(kw_only=True)
class Page:
    """All that the template shows.

    - `title`, `subtitle`: its heading.
    - `facts`: the main figures.
    - `sections`: in their order.
    - `absent`: what is not there, and how to get it: a sentence each.
    """

    title: str
    subtitle: str
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    absent: tuple[str, ...]


@define(kw_only=True)
class Known:
    """What a report is made from.

    - `topology`: the topology.
    - `file`: the name of its file, for the commands that are named.
    - `measurements`: files of measurements.
    - `results`: files of load tests.
    - `checks`: what a check has found.
    - `counted`: files of what the Worker has counted.
    - `costs`: what it costs, and what stands beside it.
    - `moment`: when the report is made.
    """

    topology: Topology
    file: str
    measurements: Sequence[Measurements]
    costs: MonthlyCosts
    results: Sequence[Results] = ()
    checks: Checks | None = None
    counted: Sequence[Counted] = ()
    moment: datetime = field(factory=lambda: datetime.now(UTC))


def build(known: Known) -> Page:
    """The page: what is known in sections, and sentences about the rest."""
    topology = known.topology
    sections = [topology_section(topology), routes_section(topology)]
    sections += [checks_section(known.checks)] if known.checks else []
    sections += [traffic_section(number, each) for number, each in enumerate(known.counted, 1)]
    placed: list[Section] = []
    physical = physical_zones(known.measurements)
    for number, file in enumerate(known.measurements, 1):
        sections.append(latency_section(number, file, physical, topology))
        if section := placement_section(number, file, topology):
            placed.append(section)
    sections += placed
    sections += [bench_section(number, each) for number, each in enumerate(known.results, 1)]
    cost = cost_section(known.costs)
    sections += [cost] if cost else []
    return Page(
        title=topology.name,
        subtitle=f"{topology.routing.hostname} · {known.moment:%Y-%m-%d %H:%M} UTC",
        facts=tuple(_facts(known)),
        sections=tuple(sections),
        absent=tuple(_absent(known, placed=bool(placed), cost=cost is not None)),
    )


def _facts(known: Known) -> Iterator[Fact]:
    topology = known.topology
    yield Fact("sites", str(len(topology.sites)))
    yield Fact("routes", str(len(topology.routing.routes)))
    medians = [
        pair.round_trip_us.median
        for file in known.measurements
        for pair in file.pairs
        if pair.round_trip_us.median is not None
        and file.zone_by_name[pair.from_zone].site != file.zone_by_name[pair.to_zone].site
    ]
    if medians:
        yield Fact("ms to the nearest zone of another site", f"{min(medians) / 1000:.2f}")
    if known.costs.estimate.lines:
        dollars = known.costs.estimate.total.dollars
        least = "≥ " if known.costs.estimate.total.unknown else ""
        yield Fact("$ a month", f"{least}{dollars}")


def _absent(known: Known, *, placed: bool, cost: bool) -> Iterator[str]:
    if not known.measurements:
        yield (
            "Latency between zones: apply the probes stacks, run "
            f"trunkline collect {known.file}, and give the file with --measurements."
        )
    elif not placed:
        yield (
            "The choice of zones: measure zones of at least two sites of the topology together, "
            f"with trunkline collect {known.file}."
        )
    if not known.results:
        yield (f"Load tests: run trunkline bench {known.file}, and give its file with --bench.")
    if known.checks is None:
        yield (
            "Checks: keep what trunkline check --format json prints for "
            f"{known.file} in a file, and give it with --checks."
        )
    counts = STRATEGIES[known.topology.routing.strategy].writes_analytics
    if not known.counted and counts and isinstance(known.topology.ingress, Cloudflare):
        yield (
            "Traffic: with routing.analytics, keep what trunkline traffic --every 1h --format json "
            f"prints for {known.file} in a file, and give it with --requests."
        )
    if not cost:
        yield "Costs: what stands on this machine costs nothing; run it for a topology of clouds."
