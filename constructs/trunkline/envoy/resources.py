"""What an edge serves: its listener, its routes and its clusters, apart from what never changes."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trunkline.envoy.access import Access
from trunkline.envoy.cluster import cluster, cluster_name
from trunkline.envoy.connection_manager import EdgeLocation, connection_manager
from trunkline.envoy.extension import JsonObject
from trunkline.envoy.listener import Listener, listener_of
from trunkline.envoy.route import route_configuration, routes_of
from trunkline.model import DEFAULT_HTTP, Forwarding, Http, Upstreams

MAX_CONNECTIONS = 4096  # each needs a second one to the upstream: LimitNOFILE above 8192


@frozen(kw_only=True)
class Resources:
    """The resources of one edge, as Envoy's xDS calls them.

    The listener takes its routes from `routes` by their name, so that a new route ends no
    connection: a listener that changes drains those that it has.
    """

    listener: JsonObject
    routes: JsonObject
    clusters: tuple[JsonObject, ...]

    def inline(self) -> JsonObject:
        """The same as `static_resources`."""
        [chain] = self.listener["filter_chains"]
        [manager] = chain["filters"]
        config = {**manager["typed_config"], "route_config": self.routes}
        del config["rds"]
        filters = [{**manager, "typed_config": config}]
        listener = {**self.listener, "filter_chains": [{**chain, "filters": filters}]}
        return {"listeners": [listener], "clusters": list(self.clusters)}


def resources(
    *,
    site: str,
    zone: str,
    cloud: str,
    routes: Mapping[str, Forwarding],
    upstreams: Upstreams,
    listener: Listener,
    access: Access | None = None,
    http: Http = DEFAULT_HTTP,
    folder: str = "",
) -> Resources:
    """What one edge serves.

    `routes` are all path prefixes of the topology, not only the site's own: a failover then never
    meets a 404, and moving a route to another site touches no edge. They lead to their upstreams,
    of which that of routes without a name has the name None; without one the edge answers
    `{"site", "cloud", "zone", "route"}` itself.
    `GET /healthz` answers 200, and 503 while no endpoint of that upstream is healthy, or once
    `POST /healthcheck/fail` came in over the admin socket; `GET /healthz/NAME` says the same of
    the upstream NAME. `GET /livez` answers 200 as long as the process lives. With `access` all else
    is 403. The routes are read from a file of `folder`.
    """
    location = EdgeLocation(site=site, cloud=cloud, zone=zone)
    manager = connection_manager(
        location,
        config_source(folder, "rds"),
        upstreams,
        access,
        http,
        limits_rates=any(route.rate_limit for route in routes.values()),
    )
    clusters = (cluster(cluster_name(n), each, MAX_CONNECTIONS) for n, each in upstreams.items())
    return Resources(
        listener=listener_of(listener, manager),
        routes=route_configuration(routes_of(routes, upstreams), access),
        clusters=tuple(clusters),
    )


def config_source(folder: str, kind: str) -> JsonObject:
    """Resources of a kind (`cds`, `lds`, `rds`), read from a file."""
    source = {"path_config_source": {"path": f"{folder}/{kind}.json"}}
    return {**source, "resource_api_version": "V3"}
