"""What would not fit: the routing strategy says what is too large.

It refuses the same in a stack, without a line.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import KeyPath, Problem
from trunkline.routing import Origin, RouteSpec
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import plan_of, sites_of, strategy_of

ROUTES: KeyPath = ("routing", "routes")


def routes_fit_the_strategy(draft: PartialTopology) -> Iterator[Problem]:
    if strategy := strategy_of(draft):
        for excess in strategy.oversized(list(_routes(draft)), plan_of(draft)):
            yield Problem(ROUTES, excess.message, excess.remedy, at_key=True)


def _routes(draft: PartialTopology) -> Iterator[RouteSpec]:
    origins = {site: Origin.at(site, names) for site, names in draft.origins().items()}
    for prefix in draft.routes:
        if found := [origins[site] for _, site in sites_of(draft, prefix) if site in origins]:
            yield RouteSpec(prefix, found)


CHECKS = (routes_fit_the_strategy,)
