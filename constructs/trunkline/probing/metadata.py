"""How a machine asks its cloud's metadata service which physical zone it stands in: plain data.

A cloud's facts hold it, the agent's configuration carries it, and the agent follows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, asdict, frozen


@frozen(kw_only=True)
class MetadataRequest:
    """A request to the metadata service, and how to read what it answers."""

    path: str
    """The path and the query."""

    pattern: str
    """A regular expression that the whole answer must match; its groups have names."""

    method: str = "GET"

    headers: Mapping[str, str] = Factory(dict)
    """`{group}` in a value stands for what a group of an earlier request has matched."""


@frozen(kw_only=True)
class PhysicalZoneQuery:
    """The requests, in order, that find the physical zone of a machine."""

    requests: tuple[MetadataRequest, ...]

    physical_zone: str
    """The physical zone as measurement files write it, of the groups: `{region}-az{number}`."""

    address: str = "169.254.169.254:80"
    """Where the service answers."""

    def to_config(self) -> dict[str, Any]:
        """The `metadata` of an agent's configuration."""
        return {**asdict(self), "requests": [asdict(request) for request in self.requests]}
