"""What may enter and leave an edge."""

from __future__ import annotations

import pytest

from trunkline.model import Upstream
from trunkline.patterns.cloudflare_ranges import IPV4
from trunkline.patterns.edge_proxy import Public, Tunnel, _firewall


def test_a_tunnelled_edge_has_no_way_in() -> None:
    firewall = _firewall(None, Tunnel("token"))
    assert firewall.ingress == ()
    assert {(rule.protocol, rule.port) for rule in firewall.egress} == {
        ("tcp", 80),
        ("tcp", 443),
        ("tcp", 7844),
        ("udp", 7844),
    }


def test_a_public_edge_lets_in_cloudflare_alone() -> None:
    [rule] = _firewall(None, Public()).ingress
    assert (rule.port, rule.cidrs) == (443, IPV4)


@pytest.mark.parametrize(
    ("upstream", "way"),
    [
        ("http://10.0.0.9:8080", {("upstream", 8080, ("10.0.0.9/32",))}),
        ("http://internal.example.com:9000", {("upstream", 9000, ("0.0.0.0/0",))}),
        ("https://internal.example.com", set()),
    ],
)
def test_the_way_to_the_upstream_is_no_wider_than_needed(
    upstream: str, way: set[tuple[str, int, tuple[str, ...]]]
) -> None:
    rules = _firewall(Upstream.from_url(upstream), Tunnel("token")).egress
    found = {(r.name, r.port, r.cidrs) for r in rules if r.name == "upstream"}
    assert found == way
