"""cloudflared as a unit."""

from __future__ import annotations

import pytest

from trunkline.errors import ConfigurationError
from trunkline.payload import SecretSource
from trunkline.payload.units import Cloudflared

UNIT = Cloudflared(token=SecretSource("", ("vault", "name")))


def test_it_reaches_cloudflare_and_nothing_reaches_it() -> None:
    assert UNIT.firewall.ingress == ()
    assert {(rule.protocol, rule.port) for rule in UNIT.firewall.egress} == {
        ("tcp", 7844),
        ("udp", 7844),
    }


def test_it_does_not_run_on_this_machine_and_says_what_does() -> None:
    with pytest.raises(ConfigurationError, match="use the exposure Loopback"):
        UNIT.local("127.10.0.0/16", "us-east-1a")
