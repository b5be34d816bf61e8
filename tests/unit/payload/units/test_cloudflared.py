"""cloudflared as a unit."""

from __future__ import annotations

import pytest

from trunkline.errors import ConfigurationError
from trunkline.patterns.cloudflare_ranges import IPV4
from trunkline.payload.units import Cloudflared
from trunkline.payload.units.cloudflared import TUNNELS

UNIT = Cloudflared()


def test_it_reaches_cloudflare_alone_and_nothing_reaches_it() -> None:
    assert UNIT.firewall.ingress == ()
    assert {(rule.protocol, rule.port, rule.cidrs) for rule in UNIT.firewall.egress} == {
        ("tcp", 7844, ("198.41.128.0/17",)),
        ("udp", 7844, ("198.41.128.0/17",)),
    }
    assert set(TUNNELS) <= set(IPV4)


def test_it_does_not_run_on_this_machine_and_says_what_does() -> None:
    with pytest.raises(ConfigurationError, match="use the exposure Loopback"):
        UNIT.local("127.10.0.0/16", "us-east-1a")
