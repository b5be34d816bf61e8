"""Routes behind Cloudflare Access, and routes for operators, with tokens that are really signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from support.assertions import Signer
from support.certificates import Authority
from support.loopback import Service, answer, ask, eventually, free_port, service

from trunkline.addresses.loopback import MANAGEMENT_PORT
from trunkline.envoy.assertion import AUDIENCE
from trunkline.envoy.cluster import SYSTEM_CA
from trunkline.model import AccessPolicy, Forwarding, Management, Upstream

TEAM = AccessPolicy(team="acme")
MANAGEMENT = Management(hostname="t-management-aws.example.com", audience="-", prefixes=["/admin"])
ROUTES = {
    "/": Forwarding(),
    "/secret": Forwarding(access=True),
    "/admin": Forwarding(management=True),
}


@frozen
class Edge:
    """An edge, its port for operators, the service behind it, and who signs tokens."""

    port: int
    management_port: int
    upstream: Service
    signer: Signer
    certs: Service

    def ask(self, target: str, token: str | None = None) -> Any:
        shown: Any = {"Cf-Access-Jwt-Assertion": token} if token else {}
        return ask(self.port, target, **shown)

    def manage(self, target: str, token: str | None, host: str = MANAGEMENT.hostname) -> Any:
        shown: Any = {"Cf-Access-Jwt-Assertion": token} if token else {}
        return ask(self.management_port, target, Host=host, **shown)


Running = Callable[..., AbstractContextManager[Edge]]


@pytest.fixture(scope="module")
def running(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """Starts such an edge; the certs of its organization come from loopback, over TLS."""
    authority = Authority(tmp_path_factory.mktemp("access"), "test-ca")

    @contextmanager
    def starting() -> Iterator[Edge]:
        port, signer = free_port(), Signer(TEAM.url)
        with service() as upstream, service(authority.server(TEAM.host)) as certs:
            certs.behave = answer(body=signer.certs())
            edit = edited(Path(authority.certificate), certs.port, port)
            options = {"policy": TEAM, "management": MANAGEMENT, "edit": edit}
            with start(Upstream.from_url(upstream.url), ROUTES, **options) as envoy:
                edge = Edge(envoy.port, port, upstream, signer, certs)
                # The keys come in the background.
                eventually(lambda: edge.ask("/secret", signer.token()).status == 200)
                eventually(lambda: edge.manage("/admin", signer.token("own")).status == 200)
                yield edge

    return starting


def edited(ca: Path, certs: int, management: int) -> Callable[[str], str]:
    """The configuration as a machine gets it, with the organization on loopback."""

    def edit(text: str) -> str:
        made = json.loads(text.replace(SYSTEM_CA, str(ca)).replace(AUDIENCE, "own"))
        [listener] = (
            each
            for each in made["static_resources"]["listeners"]
            if each["address"]["socket_address"]["port_value"] == MANAGEMENT_PORT
        )
        listener["address"]["socket_address"]["port_value"] = management
        [cluster] = (c for c in made["static_resources"]["clusters"] if c["name"] == "access-certs")
        cluster["type"] = "STATIC"
        [endpoints] = cluster["load_assignment"]["endpoints"]
        [endpoint] = endpoints["lb_endpoints"]
        socket = endpoint["endpoint"]["address"]["socket_address"]
        socket |= {"address": "127.0.0.1", "port_value": certs}
        return json.dumps(made)

    return edit


@pytest.fixture(scope="module")
def edge(running: Running) -> Iterator[Edge]:
    with running() as edge:
        yield edge


def test_a_route_with_access_asks_for_a_token_that_access_signed(edge: Edge) -> None:
    assert edge.ask("/secret/plans", edge.signer.token("any")).status == 200
    refused = edge.ask("/secret/plans")
    assert refused.status == 401
    assert json.loads(refused.body)["error"].startswith("Cloudflare Access")
    assert edge.ask("/open").status == 200


@pytest.mark.parametrize(
    "token",
    [
        lambda signer: signer.token(seconds=-120),
        lambda signer: signer.token(iss="https://other.cloudflareaccess.com"),
        lambda signer: Signer(signer.issuer).token(),  # the same names, another key
        lambda signer: signer.token()[:-8] + "AAAAAAAA",
        lambda signer: "not.a.token",
    ],
    ids=["expired", "other-issuer", "other-key", "changed", "nonsense"],
)
def test_a_token_that_does_not_count_is_refused(edge: Edge, token: Callable[[Signer], str]) -> None:
    before = len(edge.upstream.hits)
    assert edge.ask("/secret", token(edge.signer)).status == 401
    assert edge.manage("/admin", token(edge.signer)).status in (401, 403)
    assert len(edge.upstream.hits) == before


@pytest.mark.parametrize("target", ["//secret", "/open/../secret", "/%73ecret", "/./secret/x"])
def test_another_spelling_of_the_path_is_no_way_around(edge: Edge, target: str) -> None:
    before = len(edge.upstream.hits)
    assert edge.ask(target).status in (301, 307, 401)
    assert len(edge.upstream.hits) == before


def test_the_service_reads_from_the_token_who_asks(edge: Edge) -> None:
    token = edge.signer.token(common_name="ci.access")
    assert edge.ask("/secret", token).status == 200
    assert edge.upstream.hits[-1].headers["cf-access-jwt-assertion"] == token


def test_a_route_for_operators_is_not_found_under_the_other_name(edge: Edge) -> None:
    before = len(edge.upstream.hits)
    for target in ("/admin", "/admin/users", "//admin", "/x/../admin"):
        assert edge.ask(target, edge.signer.token("own")).status == 404
    assert len(edge.upstream.hits) == before


def test_operators_need_a_token_for_that_very_edge(edge: Edge) -> None:
    assert edge.manage("/admin/users", edge.signer.token("own")).status == 200
    assert edge.upstream.hits[-1].target == "/admin/users"
    refused = edge.manage("/admin/users", edge.signer.token("another"))
    assert (refused.status, b"the token is for another one" in refused.body) == (403, True)
    assert edge.manage("/admin/users", None).status == 401


def test_operators_have_their_own_name_and_their_own_routes(edge: Edge) -> None:
    token = edge.signer.token("own")
    assert edge.manage("/admin", token, host="edge.example.com").status == 403
    assert edge.manage("/open", token).status == 404


def test_other_routes_are_served_while_the_keys_cannot_be_read(running: Running) -> None:
    with running() as edge:
        edge.certs.kill()
        assert edge.ask("/open").status == 200
        assert edge.ask("/secret", edge.signer.token()).status == 200  # the key is kept
