"""A construct refuses what a topology may not have, in the sentences of `trunkline validate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, AZURE, GOOGLE, TUNNEL

from trunkline import (
    ControlPlane,
    ExistingNetwork,
    NewNetwork,
    Otlp,
    Probes,
    Server,
    SigningKeys,
    Site,
    Upstream,
    Versions,
)
from trunkline.errors import ConfigurationError

ACCOUNT = "4f1d2c3b4a59687786958493a2b1c0df"
VPC = "vpc-9f0a1b2c3d4e5f607"


@pytest.fixture
def make() -> Callable[..., Any]:
    """A function that makes one of the public constructs in a stack of somebody's own."""
    import trunkline
    from trunkline import bindings

    bindings.install()
    from cdktf import App, TerraformStack

    def construct(kind: str, **arguments: Any) -> Any:
        return getattr(trunkline, kind)(TerraformStack(App(), "own"), "it", **arguments)

    return construct


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (
            evolve(AWS, zone="us-west-2a"),
            "site.zone: the zone us-west-2a is not in the region us-east-1; "
            "write a zone like us-east-1a",
        ),
        (
            evolve(GOOGLE, zone="us-east4-a", region="us-east1"),
            "site.zone: the zone us-east4-a is not in the region us-east1",
        ),
        (evolve(AZURE, zone="4"), "site.zone: Azure has no zone 4; choose from 1, 2, 3"),
        (
            evolve(AWS, zones=("us-east-1b",)),
            "site.zone: the zone us-east-1a is not among the candidate zones",
        ),
        (evolve(AWS, name="Shop"), 'site: the name "Shop" does not fit'),
        (evolve(AWS, account="482"), 'site.account: "482" does not fit; it must be 12 digits'),
        (
            evolve(AWS, network=NewNetwork("10.0.0.0/28")),
            "site.network.cidr: 10.0.0.0/28 has a prefix length of 28; use 16 to 24",
        ),
        (
            evolve(AWS, network=ExistingNetwork(id="vpc-1")),
            'site.network.existing.id: "vpc-1" does not fit; it must be the ID of a VPC',
        ),
        (
            evolve(AWS, network=ExistingNetwork(id=VPC, name="main")),
            "site.network.existing: id and name exclude each other",
        ),
        (
            evolve(AZURE, network=ExistingNetwork(name="main", subnets={"*": "edges"})),
            "site.network.existing: the key resource_group is missing",
        ),
        (
            evolve(AWS, machine="e2-small"),
            "site.machine: e2-small is not the name of a size on aws; write one like t4g.small",
        ),
        (
            evolve(AWS, upstream=Upstream([Server("169.254.169.254", 80, False)])),
            "site.upstream: 169.254.169.254 is the cloud's metadata service",
        ),
        (
            evolve(AWS, upstream=Upstream([Server("fd00::1", 80, False)])),
            "site.upstream: fd00::1 is an IPv6 address, and the machines have IPv4 addresses only",
        ),
        (
            evolve(AWS, upstream=Upstream([Server("orders.internal", 70_000, False)])),
            "site.upstream: the port is out of range; use 1 to 65535",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["EdgeProxy", "ProbeSet"])
def test_a_site(kind: str, site: Site, message: str, make: Callable[..., Any]) -> None:
    from trunkline import Tunnel

    rest: dict[str, Any] = (
        {"exposure": Tunnel(**TUNNEL)} if kind == "EdgeProxy" else {"key": "key", "peers": {}}
    )
    with pytest.raises(ConfigurationError) as refused:
        make(kind, site=site, **rest)
    assert f"{kind} it: {message}" in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"routes": ["api"]},
            'routes.api: the name "api" does not fit; it must begin with a slash',
        ),
        ({"routes": ["/api/*"]}, "without *, because a prefix matches all that is below it"),
        ({"routes": ["/healthz"]}, "the edges answer /healthz themselves"),
        ({"routes": ["/livez/"]}, "the edges answer /livez themselves"),
        ({"routes": ["/cdn-cgi/x"]}, "Cloudflare answers /cdn-cgi itself"),
        ({"routes": ["/a", "/a/"]}, "/a/ matches the same requests as"),
        ({"name": "Shop"}, 'name: "Shop" does not fit; it must begin with a lower-case letter'),
        ({"name": "edge-"}, 'name: "edge-" does not fit'),
        ({"name": "e" * 30 + "_" + "e" * 30}, "does not fit"),
        ({"name": "e" * 64}, "the name has 64 characters; use at most 63"),
        ({"tags": {"aws:owner": "me"}}, "tags"),
        (
            {"otlp": Otlp(endpoint="http://otel.example.org:4317")},
            "otlp.endpoint: plain http to otel.example.org may cross the Internet unencrypted",
        ),
        ({"otlp": Otlp(endpoint="otel:4317")}, 'otlp.endpoint: "otel:4317" does not fit'),
        (
            {"otlp": Otlp(endpoint="https://otel.example.org:4317", header="x-key")},
            "otlp_header: give it with otlp.header, and only then",
        ),
        (
            {"versions": Versions(signing_keys=SigningKeys(envoy=["0181F31F"]))},
            'versions.signing_keys.envoy[0]: "0181F31F" does not fit',
        ),
        ({"versions": Versions(envoy="1.40")}, 'versions.envoy: "1.40" does not fit'),
        (
            {"control_plane": ControlPlane(xds="https://xds.example.org:1", header="x-key")},
            "control_plane_header: give it with control_plane.header, and only then",
        ),
        (
            {"control_plane_certificate": "secret"},
            "control_plane_certificate: give it with control_plane.client_certificate, and only",
        ),
        ({"otlp_header": "secret"}, "otlp_header: give it with otlp.header, and only then"),
    ],
)
def test_an_edge(arguments: dict[str, Any], message: str, make: Callable[..., Any]) -> None:
    from trunkline import Tunnel

    with pytest.raises(ConfigurationError) as refused:
        make("EdgeProxy", site=AWS, exposure=Tunnel(**TUNNEL), **arguments)
    assert str(refused.value).startswith("EdgeProxy it: ")
    assert message in str(refused.value)


def test_every_mistake_is_named(make: Callable[..., Any]) -> None:
    from trunkline import Tunnel

    site = evolve(AWS, account="482", zone="us-west-2a", zones=("us-west-2a",))
    with pytest.raises(ConfigurationError) as refused:
        make("EdgeProxy", site=site, exposure=Tunnel(**TUNNEL), routes=["api"])
    assert len(str(refused.value).splitlines()) == 4  # zone and zones both name the zone


@pytest.mark.parametrize("length", [24, 40, 63])
def test_a_long_name_is_fine(length: int, make: Callable[..., Any]) -> None:
    from trunkline import Tunnel

    name = "team-a-" * 9
    make("EdgeProxy", site=AWS, exposure=Tunnel(**TUNNEL), name=f"{name[: length - 1]}e")


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        (Probes(port=80), "probes.port: 80 is out of range"),
        (Probes(samples=0), "probes.samples: 0 is out of range"),
        (Probes(operators=("0.0.0.0/0",)), "probes.operators[0]: 0.0.0.0/0 opens the probes to"),
        (Probes(operators=("203.0.113.7",)), 'probes.operators[0]: "203.0.113.7"'),
    ],
)
def test_probes(probes: Probes, message: str, make: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make("ProbeSet", site=AWS, key="key", peers={}, probes=probes)
    assert f"ProbeSet it: {message}" in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"account_id": "acme"}, 'account_id: "acme" does not fit'),
        ({"domain": "co.uk"}, "domain: co.uk is a suffix under which others register names"),
        ({"domain": "acme.internal"}, "domain: .internal is not part of the public DNS"),
        ({"hostname": "api.acme.com"}, "hostname: api.acme.com is not inside the domain acme.dev"),
        ({"hostname": "a.b.acme.dev"}, "hostname: a.b.acme.dev is too deep"),
        ({"routes": {"api": {}}}, 'routes.api: the name "api" does not fit'),
        (
            {"routes": {"/": {"aws": "edge.acme.com"}}},
            "the origin of aws: edge.acme.com is not inside the domain acme.dev",
        ),
        ({"upstreams": {"/a": "b"}}, "upstreams: there is no route /a; name prefixes of routes"),
        ({"hedged": ["/a"]}, "hedged: there is no route /a; name prefixes of routes"),
    ],
)
def test_a_routing(arguments: dict[str, Any], message: str, make: Callable[..., Any]) -> None:
    routes = {"/": {"aws": "edge.acme.dev"}}
    rest = {"account_id": ACCOUNT, "domain": "acme.dev", "routes": routes, **arguments}
    with pytest.raises(ConfigurationError) as refused:
        make("CloudflareRouting", **rest)
    assert f"CloudflareRouting it: {message}" in str(refused.value)


@pytest.mark.parametrize(
    ("hostname", "message"),
    [
        ("edge.acme.com", "hostname: edge.acme.com is not inside the domain acme.dev"),
        ("Edge.acme.dev", 'hostname: "Edge.acme.dev"'),
    ],
)
def test_an_origin(hostname: str, message: str, make: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make("EdgeOrigin", account_id=ACCOUNT, domain="acme.dev", hostname=hostname)
    assert f"EdgeOrigin it: {message}" in str(refused.value)


def test_expressions_count_as_right(make: Callable[..., Any]) -> None:
    from cdktf import Fn

    from trunkline import Tunnel

    def later(text: str) -> str:
        return str(Fn.upper(text))

    network = ExistingNetwork(id=later("vpc"), subnets={"us-east-1a": later("subnet")})
    site = evolve(AWS, account=later("account"), machine=later("size"), network=network)
    make(
        "EdgeProxy",
        site=site,
        exposure=Tunnel(**{**TUNNEL, "token": later("token")}),
        tags={"team": later("team")},
    )
    arguments = {"account_id": later("account"), "domain": later("domain"), "routes": {}}
    make("CloudflareRouting", hostname=later("host"), **arguments)
    make("EdgeOrigin", account_id=later("a"), domain="acme.dev", hostname=later("host"))


def test_warnings_do_not_stop_a_construct(make: Callable[..., Any]) -> None:
    from trunkline import Tunnel

    site = evolve(AWS, upstream=Upstream([Server("10.10.1.20", 8080, False)]), machine="q9.large")
    make("EdgeProxy", site=site, exposure=Tunnel(**TUNNEL))
