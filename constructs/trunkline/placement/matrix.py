"""The measured latencies between a topology's candidate zones, perhaps measured by another account.

A measured zone counts for a candidate if both have the same physical zone (AWS and Azure), or if
they are the same zone of the same account. Equal names in two accounts prove nothing: each account
may map its names to other physical zones, and Google does not expose its mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.measurements.model import MeasuredZone, Measurements, Pair, Zone
from trunkline.model import Site, Topology, zone_name, zone_owner
from trunkline.placement.latency import LinkLatency, link_latency
from trunkline.placement.physical import PhysicalZones

Latencies = list[list[LinkLatency | None]]
"""Rows of candidates of one site, columns of those of another; None where not measured."""


@frozen
class Candidate:
    """A zone that a site may take, and the names of the measured zones that count for it.

    Without any, `reason` says why, and what to do.
    """

    site: str
    zone: str
    measured: tuple[str, ...]
    reason: str = ""

    @property
    def name(self) -> str:
        """The name of the zone in measurements: `site/zone`."""
        return zone_name(self.site, self.zone)


@frozen
class Matrix:
    """The candidates of each site, sorted by name, and the latencies between them.

    `latencies[i, j][a][b]`, i < j, is of candidate `a` of site `i` and `b` of site `j`. A pair of
    sites of which nothing was measured is left out.
    """

    sites: tuple[Site, ...]
    candidates: tuple[tuple[Candidate, ...], ...]
    latencies: Mapping[tuple[int, int], Latencies]

    def between(self, i: int, a: int, j: int, b: int) -> LinkLatency | None:
        """The latency of candidate `a` of site `i` and `b` of site `j`, in either order."""
        if (i, j) in self.latencies:
            return self.latencies[i, j][a][b]
        return self.latencies[j, i][b][a] if (j, i) in self.latencies else None

    @property
    def unmeasured(self) -> list[Candidate]:
        """The candidates that were not measured."""
        return [each for zones in self.candidates for each in zones if not each.measured]

    @property
    def pairs_without_figures(self) -> list[tuple[str, str]]:
        """The pairs of sites of which nothing was measured."""
        names = [site.name for site in self.sites]
        pairs = combinations(range(len(names)), 2)
        return [(names[i], names[j]) for i, j in pairs if (i, j) not in self.latencies]


def matrix(
    topology: Topology, measurements: Measurements, physical: PhysicalZones | None = None
) -> Matrix:
    """Find every candidate of `topology` in `measurements`, and the latencies between sites."""
    candidates = tuple(
        tuple(
            candidate(site, zone, measurements, (physical or {}).get(site.name, {}).get(zone))
            for zone in sorted(site.zones)
        )
        for site in topology.sites
    )
    latencies = {}
    for i, j in combinations(range(len(candidates)), 2):
        table = _latencies(candidates[i], candidates[j], measurements)
        if any(cell for row in table for cell in row):
            latencies[i, j] = table
    return Matrix(topology.sites, candidates, latencies)


def candidates_in(
    topology: Topology, files: Sequence[Measurements], physical: PhysicalZones
) -> list[Candidate]:
    """Every candidate zone of `topology`, from the first file in which it was measured."""
    found = []
    for site in topology.sites:
        for zone in site.zones:
            reported = physical.get(site.name, {}).get(zone)
            views = [candidate(site, zone, file, reported) for file in files]
            found.append(next((view for view in views if view.measured), views[0]))
    return found


def candidate(site: Site, zone: str, measurements: Measurements, physical: str | None) -> Candidate:
    """The candidate `zone` of `site`; `physical` is its physical zone if known from elsewhere."""
    identity = Zone.of(site, zone)
    named = [each for each in measurements.zones if each.identity == identity]
    known = {each.physical_zone for each in named if each.physical_zone}
    if physical and known and known != {physical}:
        return Candidate(site.name, zone, (), _contradiction(physical, min(known)))
    physical = physical or min(known, default=None)
    names = {each.name for each in (*named, *_in_physical_zone(measurements, site, physical))}
    measured = sorted(names & measurements.zones_with_figures)
    reason = "" if measured else _reason(site, measurements, physical, bool(names))
    return Candidate(site.name, zone, tuple(measured), reason)


def _in_physical_zone(
    measurements: Measurements, site: Site, physical: str | None
) -> list[MeasuredZone]:
    """The measured zones of any account that have this physical zone."""
    wanted = (site.cloud, site.region, physical)
    measured = [each for each in measurements.zones if each.physical_zone]
    return [each for each in measured if (each.cloud, each.region, each.physical_zone) == wanted]


def _contradiction(physical: str, measured: str) -> str:
    return (
        f"its physical zone is {physical} in one file and {measured} in the measurements; "
        "correct the file, or measure again"
    )


def _reason(site: Site, measurements: Measurements, physical: str | None, known: bool) -> str:
    if known:
        return f"it has no results in the measurements; {measurements.method.again}"
    if physical:
        return f"{physical} was not measured; deploy a probe there and measure"
    owners = {
        each.identity.owner
        for each in measurements.zones
        if (each.cloud, each.region) == (site.cloud, site.region)
    }
    if not owners:
        return f"nothing was measured in {site.cloud} {site.region}; measure it"
    if zone_owner(site.name, site.account) in owners:
        return "it was not measured; deploy a probe there and measure"
    return _reason_of_another_account(site)


def _reason_of_another_account(site: Site) -> str:
    facts = facts_of(site.cloud)
    if facts.exposes_physical_zones:
        return (
            f"account {site.account} may map its zone names to other physical zones than the "
            "measured account; give its physical zones with --physical-zones"
        )
    if site.account:
        return (
            f"{facts.title} does not expose physical zones, so figures of another account do not "
            f"hold for {site.account}; measure there"
        )
    return "it was measured in another site; measure this one"


def _latencies(
    left: Sequence[Candidate], right: Sequence[Candidate], measurements: Measurements
) -> Latencies:
    return [[_latency(here, there, measurements) for there in right] for here in left]


def _latency(here: Candidate, there: Candidate, measurements: Measurements) -> LinkLatency | None:
    """Both directions; where several measured zones count, the pair with the most samples."""
    directions = [
        _most_samples(_pairs(here, there, measurements)),
        _most_samples(_pairs(there, here, measurements)),
    ]
    return link_latency([pair for pair in directions if pair])


def _pairs(here: Candidate, there: Candidate, measurements: Measurements) -> Iterator[Pair]:
    for start in here.measured:
        for end in there.measured:
            if pair := measurements.pair_by_ends.get((start, end)):
                yield pair


def _most_samples(pairs: Iterator[Pair]) -> Pair | None:
    return max(pairs, key=lambda pair: pair.answered or 0, default=None)
