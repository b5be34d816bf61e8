"""How requests find their site."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from trunkline.model.converters import texts
from trunkline.model.forwarding import DEFAULT_FORWARDING, Forwarding
from trunkline.model.zone import DEFAULT_WORKER, DEFAULT_ZONE, WorkerOptions, ZoneOptions

Steering = Literal["order", "latency"]

DEFAULT_STRATEGY = "worker"
DEFAULT_STEERING: Steering = "order"
DEFAULT_TIMEOUT_SECONDS = 30

SMART_ROUTING_VARIABLE = "smart_routing"
"""Terraform's variable of the routing stack that turns Smart Routing on or off."""


def default_hostname(domain: str) -> str:
    """The public hostname of a topology that names none."""
    return f"api.{domain}"


@frozen
class Route:
    """A path prefix, the site that serves it, and the sites that stand in, in order.

    - `hedge`: whether a request that may be repeated asks the next site as well when an answer
      takes longer than `Routing.timeout_seconds`.
    - `forwarding`: what the edges do with its requests.
    """

    prefix: str
    site: str
    failover: tuple[str, ...] = field(default=(), converter=texts)
    hedge: bool = False
    forwarding: Forwarding = DEFAULT_FORWARDING

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site that may serve the route, first choice first."""
        return (self.site, *self.failover)


@frozen(kw_only=True)
class Routing:
    """How requests find their site; `smart_routing` None means wherever it is bought.

    `strategy` is one of `trunkline.routing.STRATEGIES`. `steering` says which healthy site of a
    route answers: the first in its order, or the one that Cloudflare reaches fastest.
    `hsts_seconds` is for how long browsers remember to ask over HTTPS alone. With `analytics` every
    request is written down at Cloudflare, with `logpush` a line for it is sent to a place of the
    operator's. In the file the keys of `zone` and `worker` are the routing's own.
    """

    hostname: str
    routes: tuple[Route, ...]
    strategy: str = DEFAULT_STRATEGY
    steering: Steering = DEFAULT_STEERING
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    smart_routing: bool | None = None
    hsts_seconds: int = 0
    analytics: bool = False
    logpush: bool = False
    zone: ZoneOptions = DEFAULT_ZONE
    worker: WorkerOptions = DEFAULT_WORKER

    @property
    def public(self) -> tuple[Route, ...]:
        """The routes under the public hostname."""
        return tuple(route for route in self.routes if not route.forwarding.management)

    def management_of(self, site: str) -> tuple[Route, ...]:
        """The routes for operators that the edge of a site answers."""
        return tuple(r for r in self.routes if r.forwarding.management and r.site == site)
