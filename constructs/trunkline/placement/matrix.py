"""A topology's candidate zones in the light of measurements, perhaps of another account.

A candidate is where it was measured if its physical zone is (AWS and Azure), or if it is the same
zone of the same account. Nothing else is sound: the names of another account's zones may stand for
other places, and Google maps them for each organisation and shows nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from attrs import frozen

from trunkline.measurements.model import MeasuredZone, Measurements, Pair, Zone
from trunkline.model import Site, Topology, zone_name, zone_owner
from trunkline.placement.figure import Figure, figure
from trunkline.placement.physical import PhysicalZones

Table = list[list[Figure | None]]


@frozen
class Candidate:
    """A zone that a site may take, and the measured zones that are the same physical zone.

    Without any, `reason` says why, and what to do.
    """

    site: str
    zone: str
    measured: tuple[str, ...]
    reason: str = ""

    @property
    def name(self) -> str:
        """The zone as measurements name it: `site/zone`."""
        return zone_name(self.site, self.zone)


@frozen
class Matrix:
    """The candidates of each site, by name, and the figures between them.

    `tables[i, j][a][b]`, i < j, is of candidate `a` of site `i` and `b` of site `j`. A pair of
    sites without any figure has no table.
    """

    sites: tuple[Site, ...]
    candidates: tuple[tuple[Candidate, ...], ...]
    tables: Mapping[tuple[int, int], Table]

    def between(self, i: int, a: int, j: int, b: int) -> Figure | None:
        """The figure of candidate `a` of site `i` and `b` of site `j`, in either order."""
        if (i, j) in self.tables:
            return self.tables[i, j][a][b]
        return self.tables[j, i][b][a] if (j, i) in self.tables else None

    @property
    def unmeasured(self) -> list[Candidate]:
        """The candidates of which nothing is known."""
        return [each for zones in self.candidates for each in zones if not each.measured]

    @property
    def pairs_without_figures(self) -> list[tuple[str, str]]:
        """The pairs of sites that cannot count."""
        names = [site.name for site in self.sites]
        pairs = combinations(range(len(names)), 2)
        return [(names[i], names[j]) for i, j in pairs if (i, j) not in self.tables]


def matrix(
    topology: Topology, measurements: Measurements, physical: PhysicalZones | None = None
) -> Matrix:
    """Find every candidate of `topology` in `measurements`, and the figures between sites."""
    candidates = tuple(
        tuple(
            candidate(site, zone, measurements, (physical or {}).get(site.name, {}).get(zone))
            for zone in sorted(site.zones)
        )
        for site in topology.sites
    )
    tables = {}
    for i, j in combinations(range(len(candidates)), 2):
        table = _table(candidates[i], candidates[j], measurements)
        if any(cell for row in table for cell in row):
            tables[i, j] = table
    return Matrix(topology.sites, candidates, tables)


def candidates_in(
    topology: Topology, files: Sequence[Measurements], physical: PhysicalZones
) -> list[Candidate]:
    """Every candidate zone of `topology`, as the first file sees it that measured it."""
    found = []
    for site in topology.sites:
        for zone in site.zones:
            told = physical.get(site.name, {}).get(zone)
            views = [candidate(site, zone, file, told) for file in files]
            found.append(next((view for view in views if view.measured), views[0]))
    return found


def candidate(site: Site, zone: str, measurements: Measurements, physical: str | None) -> Candidate:
    """The zone of `site`; `physical` is its physical zone where another source tells it."""
    identity = Zone.of(site, zone)
    named = [each for each in measurements.zones if each.identity == identity]
    known = {each.physical_zone for each in named if each.physical_zone}
    if physical and known and known != {physical}:
        return Candidate(site.name, zone, (), _disagreement(zone, physical, min(known)))
    physical = physical or min(known, default=None)
    names = {each.name for each in (*named, *_in_physical_zone(measurements, site, physical))}
    measured = sorted(names & measurements.zones_with_figures)
    reason = "" if measured else _reason(site, zone, measurements, physical, bool(names))
    return Candidate(site.name, zone, tuple(measured), reason)


def _in_physical_zone(
    measurements: Measurements, site: Site, physical: str | None
) -> list[MeasuredZone]:
    """The measured zones of any account that are the physical zone `physical`."""
    place = (site.cloud, site.region, physical)
    measured = [each for each in measurements.zones if each.physical_zone]
    return [each for each in measured if (each.cloud, each.region, each.physical_zone) == place]


def _disagreement(zone: str, physical: str, measured: str) -> str:
    return (
        f"its physical zone is {physical} in one file and {measured} in the measurements; "
        "correct the file, or measure again"
    )


def _reason(
    site: Site, zone: str, measurements: Measurements, physical: str | None, known: bool
) -> str:
    if known:
        return "its probe gave nothing; collect again when it is up"
    if physical:
        return f"nobody measured {physical}; deploy a probe there and measure"
    owners = {
        each.identity.owner
        for each in measurements.zones
        if (each.cloud, each.region) == (site.cloud, site.region)
    }
    if not owners:
        return f"nothing was measured in {site.cloud} {site.region}; measure it"
    if zone_owner(site.name, site.account) in owners:
        return "it was not measured; deploy a probe there and measure"
    if site.exposes_physical_zones:
        return (
            f"account {site.account} may name its zones otherwise than the measured one; give its "
            "physical zones with --physical-zones"
        )
    if site.cloud == "google":
        return (
            f"Google maps the zones of each organisation anew and shows nobody, so figures of "
            f"another project do not hold for {site.account}; measure there"
        )
    return "it was measured in another site; measure this one"


def _table(
    left: Sequence[Candidate], right: Sequence[Candidate], measurements: Measurements
) -> Table:
    return [[_cell(here, there, measurements) for there in right] for here in left]


def _cell(here: Candidate, there: Candidate, measurements: Measurements) -> Figure | None:
    """Both directions; where several measured zones are one place, the pair of most samples."""
    ways = [_most_samples(_pairs(here, there, measurements))]
    ways.append(_most_samples(_pairs(there, here, measurements)))
    return figure([way for way in ways if way])


def _pairs(here: Candidate, there: Candidate, measurements: Measurements) -> Iterator[Pair]:
    for start in here.measured:
        for end in there.measured:
            if pair := measurements.pair_by_ends.get((start, end)):
                yield pair


def _most_samples(pairs: Iterator[Pair]) -> Pair | None:
    return max(pairs, key=lambda pair: pair.answered or 0, default=None)
