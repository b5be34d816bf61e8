"""The measurement file: the round trips between zones, kept for later placements.

`load` returns the `Measurements` of a valid file and raises `MeasurementsError` for any other.
`check_file` returns the findings instead. `save` writes a file whole or not at all.
"""

from trunkline.measurements.load import MeasurementsError, check_file, load, mistakes
from trunkline.measurements.model import (
    MeasuredZone,
    Measurements,
    Method,
    Pair,
    RoundTrip,
    TcpConnect,
    Zone,
)
from trunkline.measurements.save import save

__all__ = [
    "MeasuredZone",
    "Measurements",
    "MeasurementsError",
    "Method",
    "Pair",
    "RoundTrip",
    "TcpConnect",
    "Zone",
    "check_file",
    "load",
    "mistakes",
    "save",
]
