"""How a machine finds its physical zone with its cloud's metadata service, as plain data.

A cloud's facts define it, and it is part of the agent's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, asdict, frozen


@frozen(kw_only=True)
class MetadataRequest:
    """A request to the metadata service, and how to read the response."""

    path: str
    """The path and the query."""

    pattern: str
    """A regular expression for the whole response; its groups have names."""

    method: str = "GET"

    headers: Mapping[str, str] = Factory(dict)
    """`{group}` in a value is replaced by the match of that group in an earlier response."""


@frozen(kw_only=True)
class PhysicalZoneQuery:
    """The requests, in order, that find the physical zone of a machine."""

    requests: tuple[MetadataRequest, ...]

    physical_zone: str
    """The physical zone as in measurement files, from the groups: `{region}-az{number}`."""

    address: str = "169.254.169.254:80"
    """Host and port of the service."""

    def to_config(self) -> dict[str, Any]:
        """The `metadata` of an agent's configuration."""
        return {**asdict(self), "requests": [asdict(request) for request in self.requests]}
