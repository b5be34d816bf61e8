"""Terraform expressions as arguments of a construct: refused where a machine would get them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, AZURE, GOOGLE, TUNNEL

from trunkline import Server, Site, Upstream
from trunkline.errors import ConfigurationError

SITES = (AWS, GOOGLE, AZURE)
IDS = [site.cloud for site in SITES]


@pytest.fixture
def edge() -> Callable[..., Any]:
    """A function that makes an edge in a stack of somebody's own."""
    from cdktf import App, TerraformStack

    from trunkline import EdgeProxy, Tunnel

    def make(site: Site, **arguments: Any) -> Any:
        stack = TerraformStack(App(), "own")
        return EdgeProxy(stack, "edge", site=site, **{"exposure": Tunnel(**TUNNEL), **arguments})

    return make


def expression(text: str) -> str:
    """An attribute of a resource of one's own, as CDKTF hands it out."""
    from cdktf import Fn

    return str(Fn.upper(text))


@pytest.mark.parametrize("site", SITES, ids=IDS)
def test_an_upstream_of_one_s_own_instance_is_refused(site: Site, edge: Callable[..., Any]) -> None:
    upstream = Upstream([Server(host=expression("address"), port=8080, tls=False)])
    with pytest.raises(ConfigurationError, match="would hold a Terraform expression") as refused:
        edge(evolve(site, upstream=upstream))
    assert "a name in your private DNS" in str(refused.value)


@pytest.mark.parametrize("site", SITES, ids=IDS)
def test_a_port_that_is_an_expression_is_refused(site: Site, edge: Callable[..., Any]) -> None:
    from cdktf import Fn, Token

    port: Any = Token.as_number(Fn.length_of(["a"]))
    with pytest.raises(ConfigurationError, match="would hold a Terraform expression"):
        edge(evolve(site, upstream=Upstream([Server(host="10.0.0.9", port=port, tls=False)])))


@pytest.mark.parametrize("site", SITES, ids=IDS)
def test_a_prefix_that_is_an_expression_is_refused(site: Site, edge: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="would hold a Terraform expression"):
        edge(site, routes=[f"/api/{expression('name')}"])


@pytest.mark.parametrize("site", SITES, ids=IDS)
def test_ranges_that_are_expressions_are_refused(site: Site, edge: Callable[..., Any]) -> None:
    from trunkline import Public

    with pytest.raises(ConfigurationError, match="the firewall rule cloudflare would hold"):
        edge(
            site,
            exposure=Public(
                hostname="edge.example.com", keys=["key"], sources=(expression("range"),)
            ),
        )


@pytest.mark.parametrize("site", SITES, ids=IDS)
def test_a_token_of_one_s_own_tunnel_may_be_an_expression(
    site: Site, edge: Callable[..., Any]
) -> None:
    """It goes into the cloud's secret store, where Terraform fills it in."""
    from trunkline import Tunnel

    edge(site, exposure=Tunnel(**{**TUNNEL, "token": expression("token")}))
