"""The measurement file: what was measured between zones, kept so that it need not be done again.

`load` gives the `Measurements` of a good file and raises `MeasurementsError` for any other;
`check_file` never raises for a file's sake. `save` writes whole files only.
"""

from trunkline.measurements.load import MeasurementsError, check_file, load
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
    "save",
]
