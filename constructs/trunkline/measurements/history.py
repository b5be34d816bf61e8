"""The history of a measurement file: a folder beside it, with a file for each sweep.

The files have the format of the measurement file and the name of the time of their last figure.
None is ever replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from attrs import frozen

from trunkline.documents.write import write_whole
from trunkline.errors import OutputError, TrunklineError
from trunkline.measurements.load import load
from trunkline.measurements.model import Measurements
from trunkline.measurements.save import to_text

REMEDY = "mend that, or use --no-history"


class HistoryError(TrunklineError):
    """A folder whose files do not make one history."""


@frozen
class Median:
    """The median round trip of a pair in one sweep, in microseconds."""

    at: datetime
    us: float


@frozen
class PairHistory:
    """The medians of one directed pair, the oldest first; at least one."""

    from_zone: str
    to_zone: str
    medians: tuple[Median, ...]

    @property
    def lowest(self) -> float:
        """The lowest median, in microseconds."""
        return min(median.us for median in self.medians)

    @property
    def highest(self) -> float:
        """The highest median, in microseconds."""
        return max(median.us for median in self.medians)


def history_folder(path: Path) -> Path:
    """Where the history of the measurement file at `path` is."""
    return path.with_name(f"{path.name}.history")


def add_to_history(folder: Path, sweep: Measurements) -> Path:
    """Write a sweep whole to a file of its own, and return its path; raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}; {REMEDY}") from error
    path = _free(folder, _stamp(sweep.finished_at))
    write_whole(path, to_text(sweep).encode(), REMEDY)
    return path


def read_history(folder: Path, since: datetime | None = None) -> list[Measurements]:
    """The sweeps in a folder, the oldest first; with `since` only those that ended no earlier.

    There is none where there is no folder. Raises MeasurementsError, and HistoryError where
    emulated distances stand beside measured ones.
    """
    first = _stamp(since) if since else ""
    found = [load(path) for path in sorted(folder.glob("*.json")) if path.name >= first]
    if len({sweep.method.emulated for sweep in found}) > 1:
        raise HistoryError(
            f"{folder}: holds emulated distances beside measured ones; move one kind away"
        )
    return sorted(found, key=lambda sweep: sweep.finished_at)


def pair_histories(sweeps: Iterable[Measurements]) -> list[PairHistory]:
    """The history of each pair that has a median or mean, sorted by its zones."""
    medians: dict[tuple[str, str], list[Median]] = {}
    for sweep in sweeps:
        for ends, pair in sweep.pair_by_ends.items():
            if (value := pair.round_trip_us.median) is not None:
                medians.setdefault(ends, []).append(Median(sweep.finished_at, value))
    return [PairHistory(*ends, tuple(found)) for ends, found in sorted(medians.items())]


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _free(folder: Path, stem: str) -> Path:
    """The first name that is not taken."""
    path, number = folder / f"{stem}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path
