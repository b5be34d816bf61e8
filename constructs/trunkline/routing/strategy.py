"""What a routing strategy declares: what it needs, what it cannot do, and what it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from attrs import frozen

from trunkline.model import DEFAULT_STEERING, AddOn, Exposure, Plan, Steering
from trunkline.routing.spec import RouteSpec, RoutingSpec, Script, VirtualHost


@frozen
class Excess:
    """Something that is larger than the strategy takes, and what to do about it."""

    message: str
    remedy: str


def _without_limits(routes: Sequence[RouteSpec], plan: Plan | None) -> Iterable[Excess]:
    return ()


@frozen(kw_only=True)
class Strategy:
    """A way to send each request to a site of its route.

    A strategy is added in one file beside this one, which ends in such a declaration, one line of
    the registry in `routing/__init__.py`, one value of the schema's enum and one golden case.
    `trunkline validate` and the constructs read the declaration; nothing else knows strategies by
    their names.

    - `name` is the value of `routing.strategy` in a topology.
    - `spec` makes what Cloudflare is given. Where it is of a new kind, `cloudflare/routing.py` has
      one function more.
    - `fails_over`: whether a route may have a second site.
    - `spreads`: whether it reaches more than one public edge of a site; a tunnel leads to all.
    - `hedges`: whether a slow answer can make it ask the next site.
    - `sets_headers`: whether answers can get a header, such as that of `hsts_seconds`.
    - `writes_analytics`: whether it can write a data point for every request.
    - `runs_worker`: whether it runs a Worker, which can be placed and logged.
    - `names_tunnels`: whether it knows tunnels by their IDs, so that the edges have to be there.
    - `plan` and `add_ons` are what it takes at Cloudflare: the lowest plan, and paid add-ons.
    - `steerings`: how it can choose among the healthy sites of a route, and the lowest plan for it.
    - `exposures`: the exposures of the edges that it reaches.
    - `oversized` names what in the routes is too large, or too many for the plan; None
      is a plan that is not known.
    - `workerd_script` makes what workerd runs on `cloud: local`; None where only Cloudflare can.
    """

    name: str
    spec: Callable[[VirtualHost], RoutingSpec]
    fails_over: bool
    spreads: bool
    hedges: bool
    sets_headers: bool
    writes_analytics: bool
    runs_worker: bool
    names_tunnels: bool = False
    plan: Plan = "free"
    add_ons: tuple[AddOn, ...] = ()
    steerings: Mapping[Steering, Plan] = MappingProxyType({DEFAULT_STEERING: "free"})
    exposures: tuple[Exposure, ...] = get_args(Exposure)
    oversized: Callable[[Sequence[RouteSpec], Plan | None], Iterable[Excess]] = _without_limits
    workerd_script: Callable[[VirtualHost], Script] | None = None

    @property
    def runs_in_workerd(self) -> bool:
        """Whether workerd can run it without Cloudflare."""
        return self.workerd_script is not None

    @property
    def on_every_plan(self) -> bool:
        """Whether it takes nothing that is paid for."""
        return self.plan == "free" and not self.add_ons
