"""How requests find their site."""

from __future__ import annotations

from attrs import frozen

DEFAULT_STRATEGY = "worker"


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
    """How requests find their site; `smart_routing` None means wherever it is bought.

    `strategy` is one of `trunkline.routing.STRATEGIES`.
    """

    hostname: str
    routes: tuple[Route, ...]
    strategy: str = DEFAULT_STRATEGY
    timeout_seconds: int = 30
    smart_routing: bool | None = None
