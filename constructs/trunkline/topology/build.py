"""From data that passed every check to the model.

Only keys that are present are passed on, so that every default stands in the model alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import fields

from trunkline.documents.formats import gigabytes
from trunkline.model import (
    NO_BACKBONE,
    AccessPolicy,
    AssumedTraffic,
    Authority,
    AzurermState,
    BackboneSettings,
    ClientRateLimit,
    Cloudflare,
    ControlPlane,
    Edge,
    ExistingNetwork,
    Forwarding,
    GcsState,
    HeaderRules,
    Http,
    Ingress,
    LinkedPair,
    LocalIngress,
    LocalState,
    Network,
    NewNetwork,
    Node,
    NodeKey,
    Otlp,
    Probes,
    RateLimit,
    Route,
    Routing,
    S3State,
    Server,
    SigningKeys,
    Site,
    State,
    Telemetry,
    TerraformCloudState,
    Topology,
    Upstream,
    Versions,
    Waf,
    WorkerOptions,
    ZoneOptions,
    default_hostname,
    node_name,
)
from trunkline.services.resolve import resolve
from trunkline.topology.traffic_keys import as_prefix, pairs_of

Data = Mapping[str, Any]

BACKENDS: Mapping[str, Callable[..., State]] = {
    "local": LocalState,
    "terraform_cloud": TerraformCloudState,
    "s3": S3State,
    "gcs": GcsState,
    "azurerm": AzurermState,
}

SECTIONS = (
    *("state", "sites", "probes", "edge", "backbone", "services", "telemetry", "traffic"),
    "routing",
)


def build(data: Data) -> Topology:
    """The topology that checked data describes."""
    sections: dict[str, Any] = {
        "ingress": _ingress(data),
        "sites": tuple(_site(name, site) for name, site in data["sites"].items()),
        "routing": _routing(data["routing"], data["domain"]),
    }
    if "state" in data:
        sections["state"] = _state(data["state"])
    if "probes" in data:
        sections["probes"] = _probes(data["probes"])
    if "edge" in data:
        sections["edge"] = _edge(data["edge"])
    if data.get("backbone", {}).get("kind", NO_BACKBONE) != NO_BACKBONE:
        replicas = int(data.get("edge", {}).get("replicas", 1))
        sections["backbone"] = _backbone(data["backbone"], data["sites"], replicas)
    if "services" in data:
        regions = {name: site.get("region") for name, site in data["sites"].items()}
        sections["services"] = tuple(
            resolve(name, each, regions[each["from"]]) for name, each in data["services"].items()
        )
    if "otlp" in data.get("telemetry", {}):
        otlp = Otlp(**_whole_numbers(data["telemetry"]["otlp"]))
        sections["telemetry"] = Telemetry(otlp=otlp)
    if "traffic" in data:
        sections["traffic"] = traffic_from(data["traffic"], list(data["sites"]))
    return Topology(**_except(data, "$schema", *INGRESSES, *SECTIONS), **sections)


def traffic_from(data: Data, sites: Sequence[str]) -> AssumedTraffic:
    """The traffic that checked data describes: amounts by pair or prefix, and `requests`."""
    amounts = {key: gigabytes(text) for key, text in data.items() if key != "requests"}
    pairs = {pairs_of(key, sites)[0]: gb for key, gb in amounts.items() if not key.startswith("/")}
    routes = {as_prefix(key): gb for key, gb in amounts.items() if key.startswith("/")}
    requests = _whole_numbers({name: data[name] for name in ("requests",) if name in data})
    return AssumedTraffic(pairs=pairs, routes=routes, **requests)


def _edge(data: Data) -> Edge:
    parts: dict[str, Callable[..., object]] = {
        "http": Http,
        "versions": _versions,
        "control_plane": ControlPlane,
    }
    made = {name: parts[name](**data[name]) for name in parts if name in data}
    options: dict[str, Any] = {**_whole_numbers(_except(data, *parts)), **made}
    return Edge(**options)


def _versions(**data: Any) -> Versions:
    if "signing_keys" in data:
        data["signing_keys"] = SigningKeys(**data["signing_keys"])
    return Versions(**data)


def _backbone(data: Data, sites: Data, replicas: int) -> BackboneSettings:
    """Its nodes are those that the sites have now; the file may still hold others."""
    known = data.get("nodes", {})
    nodes = {}
    for site in sites:
        names = [node_name(site, number) for number in range(1, replicas + 1)]
        nodes[site] = tuple(_node(name, known[name]) for name in names if name in known)
    authorities = tuple(Authority(**each) for each in data.get("authorities", ()))
    pairs = tuple(LinkedPair(**each) for each in data.get("pairs", ()))
    said = _whole_numbers(_except(data, "nodes", "authorities", "pairs"))
    return BackboneSettings(**said, nodes=nodes, authorities=authorities, pairs=pairs)


def _node(name: str, data: Data) -> Node:
    keys = [NodeKey(**_whole_numbers(key)) for key in data.get("keys", ())]
    return Node(name=name, address=data["address"], keys=keys)


def _ingress(data: Data) -> Ingress:
    """The one ingress that the schema lets a topology have."""
    (section,) = INGRESSES.keys() & data.keys()
    return INGRESSES[section](data[section])


def _local(data: Data) -> LocalIngress:
    rows = tuple((zone, tuple(row)) for zone, row in data.get("latency_ms", {}).items())
    return LocalIngress(**_whole_numbers(_except(data, "latency_ms")), latency_ms=rows)


def _cloudflare(data: Data) -> Cloudflare:
    options = _except(data)
    if "access" in data:
        options["access"] = AccessPolicy(**data["access"])
    if "add_ons" in data:
        options["add_ons"] = tuple(data["add_ons"])
    return Cloudflare(**options)


INGRESSES: Mapping[str, Callable[[Data], Ingress]] = {"cloudflare": _cloudflare, "local": _local}


def _state(data: Data) -> State:
    ((backend, options),) = data.items()
    return BACKENDS[backend](**options)


def _site(name: str, data: Data) -> Site:
    converted: dict[str, Any] = {}
    if "network" in data:
        converted["network"] = _network(data["network"])
    if "upstream" in data:
        converted["upstream"] = _upstream(data["upstream"])
    if "upstreams" in data:
        named = data["upstreams"].items()
        converted["upstreams"] = {each: _upstream(upstream) for each, upstream in named}
    return Site(name=name, **_except(data, *converted), **converted)


def _upstream(data: str | Data) -> Upstream:
    if isinstance(data, str):
        return Upstream.from_url(data)
    servers = [Server.from_url(**_whole_numbers(server)) for server in data["servers"]]
    return Upstream(servers, **_except(data, "servers"))


def _network(data: Data) -> Network:
    if "existing" not in data:
        return NewNetwork(**data)
    existing = dict(data["existing"])
    if "subnet" in existing:
        # On Google Cloud and Azure one subnet spans the zones.
        existing["subnets"] = {"*": existing.pop("subnet")}
    return ExistingNetwork(**existing, **_except(data, "existing"))


def _probes(data: Data) -> Probes | None:
    if data.get("enabled") is False:
        return None
    converted: dict[str, Any] = _whole_numbers(_except(data, "enabled", "operators"))
    if "operators" in data:
        converted["operators"] = tuple(data["operators"])
    return Probes(**converted)


def _routing(data: Data, domain: str) -> Routing:
    routes = tuple(_route(prefix, route) for prefix, route in data["routes"].items())
    zone = {name: data[name] for name in _names(ZoneOptions) if name in data}
    worker = {name: data[name] for name in _names(WorkerOptions) if name in data}
    rest = _whole_numbers(_except(data, "routes", *zone, *worker))
    options = {"hostname": default_hostname(domain), **rest}
    if worker:
        options["worker"] = WorkerOptions(**worker)
    if zone:
        options["zone"] = _zone(zone)
    return Routing(routes=routes, **options)


def _zone(data: Data) -> ZoneOptions:
    converted: dict[str, Any] = {}
    if "waf" in data:
        converted["waf"] = Waf(**data["waf"])
    if "client_rate_limit" in data:
        limit = _whole_numbers(data["client_rate_limit"])
        converted["client_rate_limit"] = ClientRateLimit(**limit)
    return ZoneOptions(**_except(data, *converted), **converted)


def _route(prefix: str, data: Data) -> Route:
    options = {name: data[name] for name in ("failover", "hedge") if name in data}
    rest = _except(data, "site", *options)
    if rest:
        options["forwarding"] = _forwarding(rest)
    return Route(as_prefix(prefix), data["site"], **options)


def _forwarding(data: Data) -> Forwarding:
    converted: dict[str, Any] = {}
    if "rate_limit" in data:
        converted["rate_limit"] = RateLimit(**_whole_numbers(data["rate_limit"]))
    for name in ("request_headers", "response_headers"):
        if name in data:
            converted[name] = HeaderRules(**data[name])
    return Forwarding(**_whole_numbers(_except(data, *converted)), **converted)


def _names(cls: type) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in fields(cls))


def _except(data: Data, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key not in keys}


def _whole_numbers(data: Data) -> dict[str, Any]:
    """To JSON Schema 30.0 is an integer; the model needs an int."""
    return {key: int(value) if isinstance(value, float) else value for key, value in data.items()}
