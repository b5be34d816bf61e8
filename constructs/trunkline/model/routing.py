"""How requests find their site."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Strategy = Literal["worker", "origin_rules"]


@frozen
class Route:
    """A path prefix, the site that serves it, and the sites that stand in, in order."""

    prefix: str
    site: str
    failover: tuple[str, ...] = ()

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site that may serve the route, first choice first."""
        return (self.site, *self.failover)


@frozen(kw_only=True)
class Routing:
    """How requests find their site; `smart_routing` None means wherever it is bought."""

    hostname: str
    routes: tuple[Route, ...]
    strategy: Strategy = "worker"
    timeout_seconds: int = 30
    smart_routing: bool | None = None
