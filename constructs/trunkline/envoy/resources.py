"""What an edge serves: its listener, its routes and its clusters, apart from what never changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from attrs import evolve, frozen

from trunkline.addresses.loopback import MANAGEMENT_PORT
from trunkline.envoy.access_log import access_log
from trunkline.envoy.answers import EdgeLocation
from trunkline.envoy.assertion import AUDIENCE, assertion_filter, certs_cluster
from trunkline.envoy.backbone_check import check_cluster, check_route
from trunkline.envoy.body_limit import body_limit_filter
from trunkline.envoy.cluster import cluster, cluster_name
from trunkline.envoy.connection_manager import connection_manager
from trunkline.envoy.extension import JsonObject
from trunkline.envoy.health import health_filters, health_routes
from trunkline.envoy.key_guard import KeyGuard
from trunkline.envoy.listener import Listener, LoopbackListener, listener_of
from trunkline.envoy.originate_route import service_routes
from trunkline.envoy.otlp import Collector
from trunkline.envoy.rate_limit import rate_limit_filter
from trunkline.envoy.route import (
    MANAGEMENT,
    ROUTES,
    management_configuration,
    route_configuration,
    routes_of,
)
from trunkline.envoy.service_listener import ServiceEnds
from trunkline.envoy.services import service_clusters, service_listeners
from trunkline.errors import ConfigurationError
from trunkline.model import (
    DEFAULT_HTTP,
    AccessPolicy,
    EdgeServices,
    Forwarding,
    Http,
    Management,
    Upstreams,
)

FORBIDDEN = "this is not the name for operators, or the token is for another one"
MAX_CONNECTIONS = 4096  # each needs a second one to the upstream: LimitNOFILE above 8192


@frozen(kw_only=True)
class Resources:
    """The resources of one edge, as Envoy's xDS calls them.

    The listeners take their routes from `routes` by their names, so that a new route ends no
    connection: a listener that changes drains those that it has.
    """

    listeners: tuple[JsonObject, ...]
    routes: tuple[JsonObject, ...]
    clusters: tuple[JsonObject, ...]

    def inline(self, apart: Collection[str] = ()) -> JsonObject:
        """The same as `static_resources`; the routes of the names `apart` are still read."""
        listeners = [self._with_routes(listener, apart) for listener in self.listeners]
        return {"listeners": listeners, "clusters": list(self.clusters)}

    def _with_routes(self, listener: JsonObject, apart: Collection[str]) -> JsonObject:
        chains = [
            {**chain, "filters": [self._filter(each, apart) for each in chain["filters"]]}
            for chain in listener["filter_chains"]
        ]
        return {**listener, "filter_chains": chains}

    def _filter(self, made: JsonObject, apart: Collection[str]) -> JsonObject:
        config = dict(made["typed_config"])
        if "rds" not in config or config["rds"]["route_config_name"] in apart:
            return made
        name = config.pop("rds")["route_config_name"]
        [config["route_config"]] = (each for each in self.routes if each["name"] == name)
        return {**made, "typed_config": config}


def resources(
    *,
    site: str,
    zone: str,
    cloud: str,
    routes: Mapping[str, Forwarding],
    upstreams: Upstreams,
    listener: Listener,
    guard: KeyGuard | None = None,
    policy: AccessPolicy | None = None,
    management: Management | None = None,
    http: Http = DEFAULT_HTTP,
    folder: str = "",
    log_limit: str | None = None,
    collector: Collector | None = None,
    services: EdgeServices | None = None,
    backbone_check: bool = False,
) -> Resources:
    """What one edge serves.

    `routes` are all path prefixes of the topology, not only the site's own: a failover then never
    meets a 404, and moving a route to another site touches no edge. They lead to their upstreams,
    of which that of routes without a name has the name None; without one the edge answers
    `{"site", "cloud", "zone", "route"}` itself.
    `GET /healthz` answers 200, and 503 while no endpoint of that upstream is healthy, or once
    `POST /healthcheck/fail` came in over the admin socket; `GET /healthz/NAME` says the same of
    the upstream NAME. `GET /livez` answers 200 as long as the process lives. With `guard` all else
    is 403. The routes are read from a file of `folder`.

    `policy` says whose tokens count where routes ask for Cloudflare Access: ConfigurationError
    where it is missing. `management` is answered on a loopback port of its own. The limit of the
    access log is read from the file `log_limit`; without that it has none. The `collector` of the
    bootstrap gets the log too. `services` are what it has to do with services of other sites, and
    of its own for these; ConfigurationError where it does not know who may ask for them. With
    `backbone_check` the program that measures the backbone is asked below a path of its own.
    """
    location = EdgeLocation(site=site, cloud=cloud, zone=zone)
    logs = [
        access_log(site, log_limit),
        *([collector.log(log_limit)] if collector else []),
    ]
    filters = [*health_filters(upstreams), *_filters(routes.values(), policy)]
    manager = connection_manager(location, _routes(folder, ROUTES), filters, logs, http)
    listeners = [listener_of(listener, manager)]
    own_routes = [*health_routes(upstreams), *([check_route()] if backbone_check else [])]
    configurations = [
        route_configuration(site, [*own_routes, *routes_of(routes, upstreams)], guard)
    ]
    if management:
        own = {prefix: evolve(routes[prefix], management=False) for prefix in management.prefixes}
        filters = [assertion_filter(_known(policy), AUDIENCE), *_limits(own.values())]
        source = _routes(folder, MANAGEMENT)
        manager = connection_manager(location, source, filters, logs, http, MANAGEMENT, FORBIDDEN)
        listeners.append(listener_of(LoopbackListener(MANAGEMENT_PORT), manager, MANAGEMENT))
        made = routes_of(own, upstreams)
        configurations.append(management_configuration(site, made, management.hostname))
    clusters = [cluster(cluster_name(n), each, MAX_CONNECTIONS) for n, each in upstreams.items()]
    if management or any(route.access for route in routes.values()):
        clusters.append(certs_cluster(_known(policy), MAX_CONNECTIONS))
    if backbone_check:
        clusters.append(check_cluster())
    if services:
        ends = ServiceEnds(
            site=site,
            logs=logs,
            log_limit=log_limit,
            source=partial(_routes, folder),
            http=http,
            address=services.address or "0.0.0.0",
            port=services.port,
        )
        listeners = [*service_listeners(services, ends, listeners[0]), *listeners[1:]]
        configurations += service_routes(services)
        clusters += service_clusters(services)
    return Resources(
        listeners=tuple(listeners), routes=tuple(configurations), clusters=tuple(clusters)
    )


def _routes(folder: str, name: str) -> JsonObject:
    return config_source(folder, f"rds-{name}")


def _filters(routes: Collection[Forwarding], policy: AccessPolicy | None) -> Iterator[JsonObject]:
    """The HTTP filters that routes ask for, before the one that forwards."""
    if any(route.access for route in routes):
        yield assertion_filter(_known(policy))
    yield from _limits(routes)


def _limits(routes: Collection[Forwarding]) -> Iterator[JsonObject]:
    if any(route.rate_limit for route in routes):
        yield rate_limit_filter()
    if longest := max((route.max_body_bytes or 0 for route in routes), default=0):
        yield body_limit_filter(longest)


def _known(policy: AccessPolicy | None) -> AccessPolicy:
    if policy is None:
        raise ConfigurationError("a route asks for Cloudflare Access: say whom that lets in")
    return policy


def config_source(folder: str, kind: str) -> JsonObject:
    """Resources of a kind (`cds`, `lds`, `rds-NAME`), read from a file."""
    source = {"path_config_source": {"path": f"{folder}/{kind}.json"}}
    return {**source, "resource_api_version": "V3"}
