"""What the constructs make, from really synthesizing them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen
from cdktf import App, TerraformStack, Testing
from constructs import Construct
from scripts.reference.example_sites import NEW, ExampleSite

from trunkline import (
    Backbone,
    ClientRateLimit,
    CloudflareRouting,
    EdgeOrigin,
    EdgeProxy,
    Endpoint,
    Logpush,
    Loopback,
    MeshProfile,
    Node,
    NodeKey,
    Peer,
    PrivateService,
    ProbeSet,
    Public,
    Site,
    Tunnel,
    Waf,
    ZoneOptions,
)

SECRET = "${var.secret}"
ACCOUNT = "0123456789abcdef0123456789abcdef"
ROUTES = {"/": {"main": "edge.example.com"}}


@frozen
class Made:
    """What one construct made: `where` and `how`, how many of each type, its own attributes."""

    where: str
    how: str
    resources: Mapping[str, int]
    attributes: tuple[str, ...]


@frozen
class Case:
    """One way of making a construct."""

    where: str
    how: str
    make: Callable[[Construct], Construct]


def made(examples: Sequence[ExampleSite]) -> dict[str, list[Made]]:
    """By the name of each construct, what it makes on every cloud."""
    found: dict[str, list[Made]] = {}
    for case in [*_routings(), *_origins(), *_edges(examples), *_probes(examples), *_backbones()]:
        name, result = _run(case)
        found.setdefault(name, []).append(result)
    return found


def _run(case: Case) -> tuple[str, Made]:
    stack = TerraformStack(App(), "reference")
    construct = case.make(stack)
    content = json.loads(Testing.synth(stack))
    resources = {kind: len(each) for kind, each in content.get("resource", {}).items()}
    looked_up = {f"data {kind}": len(each) for kind, each in content.get("data", {}).items()}
    attributes = tuple(name for name in vars(construct) if not name.startswith("_"))
    kinds = dict(sorted(resources.items())) | dict(sorted(looked_up.items()))
    return type(construct).__name__, Made(case.where, case.how, kinds, attributes)


def _routings() -> Iterator[Case]:
    def routing(**options: Any) -> Callable[[Construct], Construct]:
        return lambda scope: CloudflareRouting(
            scope, "routing", account_id=ACCOUNT, domain="example.com", routes=ROUTES, **options
        )

    yield Case("Cloudflare", "`worker`", routing())
    yield Case("Cloudflare", "`origin_rules`", routing(strategy="origin_rules"))
    options = {"create_zone": True, "smart_routing": True, "origin_pulls": True}
    yield Case("Cloudflare", "`worker`, and every option True", routing(**options))
    limit = ClientRateLimit(100)
    zone = ZoneOptions(tiered_cache=True, polish="lossless", waf=Waf(), client_rate_limit=limit)
    logs = {"plan": "enterprise", "logpush": Logpush(destination=SECRET)}
    yield Case("Cloudflare", "`worker`, all of `zone`, and `logpush`", routing(zone=zone, **logs))


def _origins() -> Iterator[Case]:
    def origin(scope: Construct) -> EdgeOrigin:
        host = "edge.example.com"
        return EdgeOrigin(scope, "origin", account_id=ACCOUNT, domain="example.com", hostname=host)

    def tunnel(scope: Construct) -> Construct:
        made = origin(scope)
        made.add_tunnel("edge")
        return made

    def address(scope: Construct) -> Construct:
        made = origin(scope)
        made.add_address("203.0.113.7")
        return made

    yield Case("Cloudflare", "`add_tunnel`", tunnel)
    yield Case("Cloudflare", "`add_address`", address)


def _edges(examples: Sequence[ExampleSite]) -> Iterator[Case]:
    def edge(site: Site, exposure: Tunnel | Public | Loopback) -> Callable[[Construct], Construct]:
        return lambda scope: EdgeProxy(scope, "edge", site=site, exposure=exposure)

    for each in examples:
        for exposure in _exposures(each):
            how = f"{each.network}, `{type(exposure).__name__}`"
            yield Case(each.site.cloud, how, edge(each.site, exposure))


def _exposures(example: ExampleSite) -> list[Tunnel | Public | Loopback]:
    if example.site.cloud == "local":
        return [Loopback()]
    own = "edge.example.com"
    tunnel = Tunnel(hostname=own, token=SECRET, keys=[SECRET])
    public = Public(hostname=own, keys=[SECRET])
    return [tunnel, *([public] if example.network == NEW else [])]


def _backbones() -> Iterator[Case]:
    def backbone(scope: Construct) -> Backbone:
        key = NodeKey(public_key="key", port=51820, made="2026-11-28")
        nodes = {
            site: [Node(name=f"{site}-1", address=address, keys=[key])]
            for site, address in (("aws", "10.254.0.1"), ("google", "10.254.0.2"))
        }
        hosts = {"aws-1": "aws-1.example.com", "google-1": "google-1.example.com"}
        clouds = {"aws": "aws", "google": "google"}
        return Backbone(
            scope, "backbone", kind="wireguard", clouds=clouds, nodes=nodes, hosts=hosts
        )

    def service(scope: Construct) -> Construct:
        return PrivateService(backbone(scope), "openai", site="google", sites=["aws"])

    def profile(scope: Construct) -> Construct:
        return MeshProfile(scope, "mesh", account_id=ACCOUNT, team="acme")

    yield Case("any cloud", "by itself", backbone)
    yield Case("Cloudflare", "by itself", profile)
    yield Case("any cloud", "by itself", service)


def _probes(examples: Sequence[ExampleSite]) -> Iterator[Case]:
    def probes(site: Site) -> Callable[[Construct], Construct]:
        peer = Peer(site.name, site.zone, Endpoint("probe.example.com", 8100))
        peers = {site.zone: [peer]}
        return lambda scope: ProbeSet(scope, "probes", site=site, key=SECRET, peers=peers)

    for each in examples:
        yield Case(each.site.cloud, each.network, probes(each.site))
