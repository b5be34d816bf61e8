"""What a load test asks: the variants of a route of a topology."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.addresses.cloudflare import origin_hostnames
from trunkline.addresses.names import origin_url, public_url
from trunkline.bench.drive import Variant
from trunkline.bench.smart_routing import OFF, ON
from trunkline.deploy.variables import with_keys
from trunkline.errors import ConfigurationError
from trunkline.model import EDGE_KEY, EDGE_KEY_HEADER, LocalIngress, Route, Topology

if TYPE_CHECKING:
    from trunkline.cli.bench import Vary

_BETWEEN = (
    "measure with --output before.json, {change}, run trunkline apply, measure with --output "
    "after.json, then trunkline bench compare before.json after.json"
)
CHANGES: Mapping[str, str] = {
    "network-tier": "the tier belongs to the address of an edge, which trunkline does not choose: "
    + _BETWEEN.format(change="change the project's default tier and replace the edge's address"),
    "worker-placement": "it is a setting of the Worker, and takes minutes to have effect: "
    + _BETWEEN.format(change="change the placement of the Worker in routing"),
}
"""What cannot be varied within a load test: why, and how to compare it."""
ONE_NAME = (
    "--vary zone: the edges of {site} have one name, so that none of their zones can be asked by "
    "itself: with edge.exposure public and edge.replicas each has a name of its own; else "
    + _BETWEEN.format(change="change the zone of the site")
)


def variants_of(
    topology: Topology, vary: Vary, prefix: str, keys: Path
) -> tuple[Route, list[Variant]]:
    """The route, and what is to be asked; ConfigurationError where that is not there."""
    if why := CHANGES.get(vary.value):
        raise ConfigurationError(f"--vary {vary.value}: {why}")
    route = _route(topology, prefix)
    url = public_url(topology) + route.prefix
    public = Variant("ingress", url, {})
    if vary.value == "nothing":
        return route, [public]
    if vary.value == "smart-routing":
        _require_smart_routing(topology)
        return route, [Variant(name, url, {}) for name in (OFF, ON)]
    headers = _headers(topology, keys)
    if vary.value == "direct":
        direct = Variant("direct", origin_url(topology, route.site) + route.prefix, headers)
        return route, [public, direct]
    if vary.value == "zone":
        return route, list(_by_zone(topology, route, headers))
    if len(route.sites) == 1:
        raise ConfigurationError(
            f"--vary site: {route.prefix} has one site, {route.site}; give it a failover, or "
            "choose another --route"
        )
    return route, [
        Variant(site, origin_url(topology, site) + route.prefix, headers) for site in route.sites
    ]


def _by_zone(topology: Topology, route: Route, headers: Mapping[str, str]) -> Iterator[Variant]:
    """The edges of the route's site, each under its own name."""
    if isinstance(topology.ingress, LocalIngress):
        names: Mapping[str, str] = {}
    else:
        names = origin_hostnames(topology, route.site)
    if len(names) < 2:
        raise ConfigurationError(ONE_NAME.format(site=route.site))
    for zone, host in names.items():
        yield Variant(zone, f"https://{host}{route.prefix}", headers)


def _require_smart_routing(topology: Topology) -> None:
    bought = getattr(topology.ingress, "add_ons", ())
    if "smart_routing" not in bought:
        raise ConfigurationError(
            "--vary smart-routing: the zone has not bought it; where it has, add smart_routing to "
            "cloudflare.add_ons and run trunkline apply"
        )


def _route(topology: Topology, prefix: str) -> Route:
    routes = {route.prefix: route for route in topology.routing.public}
    if not routes:
        raise ConfigurationError(f"{topology.name} has no route that clients can ask")
    if prefix and prefix not in routes:
        raise ConfigurationError(
            f"--route {prefix} is not a route of {topology.name}: choose one of {', '.join(routes)}"
        )
    return routes[prefix] if prefix else next(iter(routes.values()))


def _headers(topology: Topology, keys: Path) -> Mapping[str, str]:
    """What an edge wants to see; the edges of this machine answer anybody on it."""
    if isinstance(topology.ingress, LocalIngress):
        return {}
    key = with_keys(os.environ, keys).get(f"TF_VAR_{EDGE_KEY.variable}")
    if not key:
        raise ConfigurationError(
            f"an edge answers only with its key, and {keys} is not there: name the file that "
            "trunkline keys made with --keys"
        )
    return {EDGE_KEY_HEADER: key}
