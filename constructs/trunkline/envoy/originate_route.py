"""Which requests for services go where, on both sides of the backbone, and what is sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.passthrough import targets
from trunkline.envoy.route import ON_ANOTHER_SERVER
from trunkline.envoy.service_cluster import makes_tls, originate_cluster_name
from trunkline.errors import ConfigurationError
from trunkline.model import EdgeServices, Service

NEAR = "services-originate"  # the listeners, and what they ask for their routes
FAR = "backbone-originate"

# What may be done twice, however far the first time has come (RFC 9110, section 9.2.2).
_IDEMPOTENT = "GET|HEAD|OPTIONS|PUT|DELETE"
_IS_IDEMPOTENT = {"name": ":method", "string_match": {"safe_regex": {"regex": _IDEMPOTENT}}}
_IS_WEBSOCKET = {"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}

_NOT_YET_TRIED: JsonObject = {
    "retry_priority": extension(
        "envoy.retry_priorities.previous_priorities",
        "extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        update_frequency=1,
    )
}


def service_routes(services: EdgeServices) -> Iterator[JsonObject]:
    """The route configurations of both, by the names of services; others get 404.

    Raises ConfigurationError for a wildcard without a server.
    """
    if used := originated(services.used):
        yield _configuration(NEAR, map(_to_edges, used))
    if services.reached:
        hosts = [each for s in originated(services.reached) for each in _to_service(s)]
        yield _configuration(FAR, hosts)


def originated(services: Iterable[Service]) -> list[Service]:
    """Those whose TLS an edge makes, or that have none."""
    return [s for s in services if s.protocol != "tcp" and s.mode == "originate"]


def websocket_cluster_name(cluster: str) -> str:
    """The cluster for WebSockets beside `cluster`: services take them over HTTP/1.1."""
    return f"{cluster}-websocket"


def _configuration(name: str, hosts: Iterable[JsonObject]) -> JsonObject:
    nobody = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
    others = {"name": "others", "domains": ["*"], "routes": [nobody]}
    return {
        "name": name,
        "ignore_port_in_host_matching": True,
        "virtual_hosts": [*hosts, others],
    }


def _to_edges(service: Service) -> JsonObject:
    action = {"cluster": originate_cluster_name(service.site)}
    routes = _routes(service, action, _NOT_YET_TRIED)
    return {"name": service.name, "domains": list(service.hosts), "routes": list(routes)}


def _to_service(service: Service) -> Iterator[JsonObject]:
    for hosts, cluster, wild in targets(service):
        if wild:
            raise ConfigurationError(
                f"service {service.name!r} makes TLS for {hosts[0]!r} without a server: name one, "
                "or let the TLS of applications pass"
            )
        action = {"cluster": cluster, "auto_host_rewrite": True}
        routes = list(_routes(service, action))
        if makes_tls(service):
            upgraded = {**action, "cluster": websocket_cluster_name(cluster)}
            routes.insert(0, _route(service, upgraded, ON_ANOTHER_SERVER, [_IS_WEBSOCKET]))
        yield {"name": cluster, "domains": list(hosts), "routes": routes}


def _routes(
    service: Service, action: JsonObject, retries: Mapping[str, object] | None = None
) -> Iterator[JsonObject]:
    """Sent again is what no service has seen, and with a lost answer what may be done twice."""
    unseen = {**ON_ANOTHER_SERVER, **(retries or {})}
    lost = {**unseen, "retry_on": f"{unseen['retry_on']},reset"}
    yield _route(service, action, lost, [_IS_IDEMPOTENT])
    yield _route(service, action, unseen, [])


def _route(
    service: Service, action: JsonObject, retries: JsonObject, headers: list[JsonObject]
) -> JsonObject:
    # Answers are streams that may last: the listener says for how long without a byte.
    route = {**action, "timeout": "0s", "retry_policy": retries}
    match = {"prefix": "/", **({"headers": headers} if headers else {})}
    return {"name": service.name, "match": match, "route": route}
