"""Writes a collection to a measurement file, and completes the measurements already in it."""

from __future__ import annotations

from pathlib import Path

from trunkline.errors import OutputError, TrunklineError
from trunkline.measurements import Measurements, load, save
from trunkline.model import Topology
from trunkline.probing.collect import Collection
from trunkline.probing.document import is_emulated, measurements


class EarlierMeasurementsError(TrunklineError):
    """A file that a collection cannot complete; it is not changed."""


def read_earlier(path: Path, topology: Topology) -> Measurements | None:
    """The measurements to complete; None if there is no file yet.

    Raises MeasurementsError or EarlierMeasurementsError if they cannot be completed.
    """
    if not path.exists():
        return None
    earlier = load(path)
    if earlier.method.tool != "trunkline":
        raise _refuse(path, "was measured with another tool")
    if earlier.topology != topology.name:
        raise _refuse(path, f"holds measurements of {earlier.topology}, not of {topology.name}")
    _refuse_other_accounts(path, earlier, topology)
    return earlier


def _refuse_other_accounts(path: Path, earlier: Measurements, topology: Topology) -> None:
    """Raise if a site had another account: there a zone's name may mean another physical zone."""
    sites = {site.name: (site.cloud, site.account, site.region) for site in topology.sites}
    for zone in earlier.zones:
        site = sites.get(zone.site)
        if site and site != (zone.cloud, zone.account, zone.region):
            where = f"{zone.cloud} {zone.account or ''}".strip()
            raise _refuse(path, f"was measured with site {zone.site} in {where}, {zone.region}")


def save_collection(
    path: Path, topology: Topology, collection: Collection, earlier: Measurements | None
) -> Measurements:
    """Write the measurements known now, whole or not at all, and return them.

    Nothing is written if no agent responded. Raises OutputError.
    """
    emulated = is_emulated(collection)
    if earlier and emulated not in (None, earlier.method.emulated):
        raise _refuse(path, "would mix emulated with measured latencies")
    found = measurements(topology, collection, earlier)
    if emulated is not None:
        _make_folder(path.parent)
        save(found, path)
    return found


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {folder}: {error.strerror}; choose another file with --output"
        ) from error


def _refuse(path: Path, what: str) -> EarlierMeasurementsError:
    return EarlierMeasurementsError(
        f"{path}: {what}; move it away, or choose another file with --output"
    )
