"""Prefixes become Envoy routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from trunkline.envoy.route import routes_of
from trunkline.model import (
    DEFAULT_FORWARDING,
    Forwarding,
    HeaderRules,
    RateLimit,
    Server,
    Upstream,
    Upstreams,
)

SERVICE = Upstream([Server("10.0.1.20", 8080, False)])


def routes(
    prefixes: Iterable[str],
    upstream: Upstream | None,
    forwarding: Forwarding = DEFAULT_FORWARDING,
) -> list[dict[str, Any]]:
    """The routes of prefixes that are forwarded alike."""
    upstreams: Upstreams = {None: upstream} if upstream else {}
    return routes_of(dict.fromkeys(prefixes, forwarding), upstreams)


def test_every_prefix_answers_and_the_longest_comes_first() -> None:
    made = routes(["/", "/api/v5", "/api", "/api/v5/models"], None)
    assert [route["name"] for route in made] == ["/api/v5/models", "/api/v5", "/api", "/"]
    assert made[0]["match"] == {"path_separated_prefix": "/api/v5/models"}
    assert made[-1]["match"] == {"prefix": "/"}  # path_separated_prefix does not take it
    assert all(route["direct_response"] == {"status": 200} for route in made)


@pytest.mark.parametrize("upstream", [None, SERVICE])
def test_a_trailing_slash_does_not_count(upstream: Upstream | None) -> None:
    assert routes(["/api/"], upstream) == routes(["/api", "/api/"], upstream)


def test_an_upstream_gets_every_prefix_and_nothing_else() -> None:
    made = routes(["/api/v5", "/a.b~c-d"], SERVICE)
    assert {route["name"]: route["match"] for route in made} == {
        "/api/v5": {"path_separated_prefix": "/api/v5"},
        "/a.b~c-d": {"path_separated_prefix": "/a.b~c-d"},
    }
    assert {route["route"]["cluster"] for route in made} == {"upstream"}


def test_a_stream_has_no_time_limit() -> None:
    (route,) = routes(["/api"], SERVICE)
    assert route["route"] == {"cluster": "upstream", "timeout": "0s", "auto_host_rewrite": True}


@pytest.mark.parametrize(
    ("prefix", "rewrite", "action"),
    [
        ("/api", None, {}),
        ("/api", "/api", {}),
        ("/", "/", {}),
        ("/api", "/v1", {"prefix_rewrite": "/v1"}),
        ("/api", "/v1/", {"prefix_rewrite": "/v1"}),
        ("/", "/v1", {"prefix_rewrite": "/v1/"}),
        ("/a.b", "/", {"regex_rewrite": {"pattern": {"regex": r"^/a\.b/?"}, "substitution": "/"}}),
    ],
)
def test_a_prefix_is_rewritten(prefix: str, rewrite: str | None, action: dict[str, Any]) -> None:
    (route,) = routes([prefix], SERVICE, Forwarding(rewrite=rewrite))
    found = {name: value for name, value in route["route"].items() if "rewrite" in name}
    assert found == {"auto_host_rewrite": True, **action}


def test_an_upstream_that_is_elsewhere_gets_nothing_here() -> None:
    (route,) = routes(["/api"], SERVICE, Forwarding(upstream="models"))
    assert route["direct_response"] == {"status": 503}


def test_only_another_server_is_asked_again() -> None:
    (one,) = routes(["/api"], SERVICE)
    two_servers = Upstream([Server("10.0.1.20", 80, False), Server("10.0.1.21", 80, False)])
    (two,) = routes(["/api"], two_servers)
    assert "retry_policy" not in one["route"]
    # Nothing that a server may have begun with.
    retried = two["route"]["retry_policy"]["retry_on"].split(",")
    assert set(retried) == {"connect-failure", "refused-stream", "reset-before-request"}


def test_a_percent_sign_in_a_header_is_no_command() -> None:
    rules = HeaderRules(set={"x-share": "5%DOWNSTREAM%"}, remove=["cookie"])
    forwarding = Forwarding(request_headers=rules, rate_limit=RateLimit(5, 60))
    (route,) = routes(["/api"], SERVICE, forwarding)
    assert route["request_headers_to_add"][0]["header"]["value"] == "5%%DOWNSTREAM%%"
    assert route["request_headers_to_remove"] == ["cookie"]
    assert "response_headers_to_add" not in route
    bucket = route["typed_per_filter_config"]["rate_limit"]["token_bucket"]
    assert bucket == {"max_tokens": 5, "tokens_per_fill": 5, "fill_interval": "60s"}
