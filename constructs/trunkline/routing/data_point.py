"""What the Worker writes down of each request, and in which columns Analytics Engine keeps it.

    https://developers.cloudflare.com/analytics/analytics-engine/sql-api/#table-structure

`worker.js` writes them in this order, which a test holds against the real Worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "route": "blob1",
        "site": "blob2",
        "failed": "blob3",
        "method": "blob4",
        "status": "double1",
        "milliseconds": "double2",
    }
)
"""`route` is the prefix, `site` the one that answered, `failed` those that failed before and why;
`milliseconds` passed until the headers of the answer."""


def dataset_of(topology: str) -> str:
    """The dataset of a topology's name; it is the name of a table in SQL."""
    return topology.replace("-", "_")
