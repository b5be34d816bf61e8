from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from trunkline import model
from trunkline.documents.schema import load_schema
from trunkline.topology.build import BACKENDS

SCHEMA = load_schema("topology")
ROUTING = SCHEMA["properties"]["routing"]
VERSIONS = SCHEMA["properties"]["edge"]["properties"]["versions"]
SITE = model.Site(name="a", cloud="aws", region="us-east-1", zone="us-east-1a")


def defaults(cls: type) -> dict[str, Any]:
    """The plain defaults of a class of the model, tuples as lists."""
    values = {}
    for attribute in attrs.fields(cls):
        default = attribute.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            default = default.factory() if not default.takes_self else attrs.NOTHING
        if default is not attrs.NOTHING:
            values[attribute.name] = list(default) if isinstance(default, tuple) else default
    return values


def schema_defaults(section: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in section["properties"].items():
        target = SCHEMA["$defs"][value["$ref"].split("/")[-1]] if "$ref" in value else value
        if "default" in target:
            found[name] = target["default"]
    return found


SECTIONS = [
    (model.Cloudflare, SCHEMA["properties"]["cloudflare"]),
    (model.AccessPolicy, SCHEMA["properties"]["cloudflare"]["properties"]["access"]),
    (model.LocalIngress, SCHEMA["properties"]["local"]),
    (model.Http, SCHEMA["properties"]["edge"]["properties"]["http"]),
    (model.ControlPlane, SCHEMA["properties"]["edge"]["properties"]["control_plane"]),
    (model.Versions, VERSIONS),
    (model.SigningKeys, VERSIONS["properties"]["signing_keys"]),
    (model.Otlp, SCHEMA["properties"]["telemetry"]["properties"]["otlp"]),
    (model.Routing, ROUTING),
    (model.Waf, ROUTING["properties"]["waf"]),
    (model.ClientRateLimit, ROUTING["properties"]["client_rate_limit"]),
    (model.Route, SCHEMA["$defs"]["route"]),
    (model.RateLimit, SCHEMA["$defs"]["route"]["properties"]["rate_limit"]),
    (model.Upstream, SCHEMA["$defs"]["upstream"]),
    (model.Server, SCHEMA["$defs"]["upstream"]["properties"]["servers"]["items"]),
    *((cls, SCHEMA["properties"]["state"]["properties"][name]) for name, cls in BACKENDS.items()),
    *(
        (model.NewNetwork, SCHEMA["$defs"][f"{cloud}_site"]["properties"]["network"])
        for cloud in ("aws", "google", "azure")
    ),
]


@pytest.mark.parametrize(("cls", "section"), SECTIONS)
def test_schema_and_model_have_the_same_defaults(cls: type, section: dict[str, Any]) -> None:
    ours = {name: value for name, value in defaults(cls).items() if value is not None}
    if ours.pop("forwarding", None):  # in the file its keys are the route's own
        flags = defaults(model.Forwarding)
        ours |= {name: value for name, value in flags.items() if isinstance(value, bool)}
    ours.pop("signing_keys", None)  # a section of its own
    for part in ("zone", "worker"):
        ours.pop(part, None)  # in the file its keys are the routing's own
    # A triangle is a mapping in the file, whose order counts, and rows in the model.
    assert {**ours, **({"latency_ms": {}} if "latency_ms" in ours else {})} == schema_defaults(
        section
    )


def test_probes_have_the_schema_s_defaults() -> None:
    section = schema_defaults(SCHEMA["properties"]["probes"])
    assert section.pop("enabled") is True
    ours = defaults(model.Probes)
    assert {name: value for name, value in ours.items() if value is not None} == section


def test_edges_have_the_schema_s_defaults() -> None:
    parts = {"http": model.Http(), "versions": model.Versions(), "control_plane": None}
    assert defaults(model.Edge) == {**schema_defaults(SCHEMA["properties"]["edge"]), **parts}


def test_topology_has_the_schema_s_defaults() -> None:
    found = schema_defaults(SCHEMA)
    assert found == {"state": {"local": defaults(model.LocalState)}, "tags": {}}
    assert defaults(model.Topology) == {
        "state": model.LocalState(),
        "probes": model.Probes(),
        "edge": model.Edge(),
        "backbone": None,
        "services": [],
        "telemetry": model.Telemetry(),
        "traffic": model.AssumedTraffic(),
        "tags": {},
    }


def test_model_has_a_field_for_every_key_of_the_schema() -> None:
    fields = {field.name for field in attrs.fields(model.Topology)}
    ingresses = {"cloudflare", "local"}
    assert fields - {"ingress"} == set(SCHEMA["properties"]) - {"$schema"} - ingresses
    assert [ingresses_of["required"] for ingresses_of in SCHEMA["oneOf"]] == [
        ["cloudflare"],
        ["local"],
    ]
    for cloud in ("aws", "google", "azure", "local"):
        keys = set(SCHEMA["$defs"][f"{cloud}_site"]["properties"])
        assert keys <= names(model.Site)
    assert set(SCHEMA["$defs"]["route"]["properties"]) == (
        names(model.Route) | names(model.Forwarding)
    ) - {"prefix", "forwarding"}
    assert set(SCHEMA["$defs"]["upstream"]["properties"]) == names(model.Upstream)
    parts = names(model.ZoneOptions) | names(model.WorkerOptions)
    assert set(ROUTING["properties"]) == (names(model.Routing) | parts) - {"zone", "worker"}


def names(cls: type) -> set[str]:
    return {field.name for field in attrs.fields(cls)}


def test_a_site_has_its_own_zone_as_only_candidate() -> None:
    assert SITE.zones == ("us-east-1a",)
    assert model.Site(name="a", cloud="aws", region="r", zone="z", zones=["y", "z"]).zones == (
        "y",
        "z",
    )


def test_everything_is_frozen() -> None:
    for cls in vars(model).values():
        if attrs.has(cls):
            assert cls.__setattr__ is not object.__setattr__
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        SITE.name = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "upstream"),
    [
        ("http://10.0.0.1", model.Upstream([model.Server("10.0.0.1", 80, False)])),
        ("https://a.example:8443/", model.Upstream([model.Server("a.example", 8443, True)])),
        ("https://[fd00::1]", model.Upstream([model.Server("fd00::1", 443, True)])),
    ],
)
def test_upstream_from_url(url: str, upstream: model.Upstream) -> None:
    assert model.Upstream.from_url(url) == upstream


@pytest.mark.parametrize("url", ["10.0.0.1:80", "ftp://a", "http://", "http://a/b", "http://u@a/"])
def test_upstream_refuses_other_urls(url: str) -> None:
    with pytest.raises(ValueError, match=r"host|more"):
        model.Upstream.from_url(url)


def test_subnet_of_a_zone() -> None:
    network = model.ExistingNetwork(name="n", subnets={"a": "subnet-a", "*": "subnet-rest"})
    assert network.subnet_of("a") == "subnet-a"
    assert network.subnet_of("b") == "subnet-rest"
    assert model.ExistingNetwork(name="n").subnet_of("b") is None


def test_sites_of_a_route_come_in_order() -> None:
    assert model.Route("/", "b", ("c", "a")).sites == ("b", "c", "a")


def test_emulated_latencies_are_the_same_from_both_ends() -> None:
    ingress = model.LocalIngress(latency_ms=(("a/1", ()), ("b/1", (0.5,)), ("c/1", (0.7, 0.9))))
    assert ingress.latencies("b/1") == {"a/1": 0.5, "c/1": 0.9}
    assert ingress.latencies("c/1") == {"a/1": 0.7, "b/1": 0.9}
    assert ingress.latencies("d/1") == {}


def in_batches(zones: dict[str, int], most: int | None) -> model.Topology:
    """A topology whose sites have that many zones each, numbered from 1."""
    numbers = {name: [str(number + 1) for number in range(count)] for name, count in zones.items()}
    return model.Topology(
        name="t",
        domain="example.com",
        ingress=model.Cloudflare(account_id="0"),
        sites=tuple(
            model.Site(name=name, cloud="azure", region="r", zone="1", zones=own)
            for name, own in numbers.items()
        ),
        routing=model.Routing(hostname="api.example.com", routes=()),
        probes=model.Probes(max_parallel=most),
    )


def batches(zones: dict[str, int], most: int | None) -> list[dict[str, tuple[str, ...]]]:
    """The probed zones of every batch."""
    topology = in_batches(zones, most)
    probes = [
        model.Probes(max_parallel=most, batch=number + 1)
        for number in range(topology.probe_batches)
    ]
    return [
        {site: attrs.evolve(topology, probes=each).probed_zones(site) for site in zones}
        for each in probes
    ]


def test_without_a_limit_every_zone_has_its_probe_at_once() -> None:
    assert batches({"a": 3, "b": 2}, None) == [{"a": ("1", "2", "3"), "b": ("1", "2")}]


def test_every_pair_of_zones_of_two_sites_meets_in_some_batch() -> None:
    counts = {"a": 5, "b": 3, "c": 1}
    found = batches(counts, 2)
    assert len(found) == 3 * 2 * 1
    assert all(len(zones) <= 2 for batch in found for zones in batch.values())
    for one, other in itertools.combinations(counts, 2):
        met = {(x, y) for batch in found for x in batch[one] for y in batch[other]}
        assert len(met) == counts[one] * counts[other]


@pytest.mark.parametrize("most", [None, 1, 2, 3])
def test_measurable_are_the_pairs_that_stand_in_one_batch(most: int | None) -> None:
    counts = {"a": 5, "b": 3, "c": 1}
    met = {
        pair
        for batch in batches(counts, most)
        for pair in itertools.permutations(
            [f"{site}/{zone}" for site, zones in batch.items() for zone in zones], 2
        )
    }
    found = list(in_batches(counts, most).measurable_pairs())
    assert len(found) == len(met)
    assert set(found) == met
