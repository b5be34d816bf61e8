"""Several measurement files as one: probes between clouds, and what is published within them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from trunkline.errors import TrunklineError
from trunkline.measurements.model import MeasuredZone, Measurements, Pair


class CombineError(TrunklineError):
    """Files that do not go together; the text says why, and what to do."""


def combine(files: Sequence[Measurements]) -> Measurements:
    """All zones and pairs of the files; of what several have, the first one's counts.

    Raises CombineError where a site means different accounts or regions, or where emulated and
    real distances would be mixed.
    """
    first = files[0]
    zones: dict[str, MeasuredZone] = {}
    pairs: dict[tuple[str, str], Pair] = {}
    for file in files:
        if file.method.emulated != first.method.emulated:
            raise CombineError(
                "one file has emulated distances and another has not; give files of one kind"
            )
        for zone in file.zones:
            zones[zone.name] = _zone(zones.get(zone.name, zone), zone)
        for ends, pair in file.pair_by_ends.items():
            pairs.setdefault(ends, pair)
    measured = {name for ends in pairs for name in ends}
    return evolve(
        first,
        started_at=min(file.started_at for file in files),
        finished_at=max(file.finished_at for file in files),
        complete=first.complete or measured == set(zones),
        zones=zones.values(),
        pairs=pairs.values(),
    )


def _zone(one: MeasuredZone, other: MeasuredZone) -> MeasuredZone:
    if one.identity != other.identity:
        raise CombineError(
            f"{one.name} is {one.identity} in {one.region} in one file, and {other.identity} in "
            f"{other.region} in another; give files of the same accounts"
        )
    known = {each.physical_zone for each in (one, other) if each.physical_zone}
    if len(known) > 1:
        raise CombineError(
            f"the physical zone of {one.name} is {' and '.join(sorted(known))}; measure again, or "
            "correct the file of physical zones"
        )
    is_measured = "measured" in (one.status, other.status)
    return evolve(
        one,
        physical_zone=next(iter(known), None),
        status="measured" if is_measured else "missing",
    )
