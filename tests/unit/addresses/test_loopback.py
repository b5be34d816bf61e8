"""Where the machines of a local site answer."""

from __future__ import annotations

import pytest
from support.examples import ROOT

from trunkline.addresses import loopback
from trunkline.addresses.base import Endpoint
from trunkline.model import NewNetwork
from trunkline.topology import load

LOCAL = load(ROOT / "topologies" / "local.yaml")


@pytest.mark.parametrize(
    ("cidr", "zone", "address"),
    [
        ("127.10.0.0/16", "us-east-1a", "127.10.0.1"),
        ("127.10.0.0/16", "us-east-1f", "127.10.80.1"),
        ("127.30.0.0/16", "eastus-3", "127.30.32.1"),
        ("127.1.2.0/24", "p", "127.1.2.241"),
    ],
)
def test_a_zone_has_the_first_address_of_its_part(cidr: str, zone: str, address: str) -> None:
    assert loopback.zone_address(cidr, zone) == address


def test_letters_and_digits_name_the_same_parts() -> None:
    assert loopback.zone_address("127.0.0.0/16", "1") == loopback.zone_address("127.0.0.0/16", "a")


def test_everything_in_a_zone_has_its_address() -> None:
    assert loopback.edge_endpoint("127.10.0.0/16", "a") == Endpoint("127.10.0.1", 8080)
    assert loopback.sample_endpoint("127.10.0.0/16", "a") == Endpoint("127.10.0.1", 9000)
    assert str(loopback.probe_endpoint("127.10.0.0/16", "b", 8100)) == "127.10.16.1:8100"


def test_where_there_is_one_address_the_ports_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "ONE_ADDRESS", True)
    taken: list[Endpoint] = []
    for site in LOCAL.sites:
        assert isinstance(site.network, NewNetwork)
        for zone in site.zones:
            cidr = site.network.cidr
            probe = loopback.probe_endpoint(cidr, zone, 8100)
            ports = (probe.port, probe.port + 1)
            taken += [loopback.edge_endpoint(cidr, zone), loopback.sample_endpoint(cidr, zone)]
            taken += [Endpoint(probe.host, port) for port in ports]
    assert {endpoint.host for endpoint in taken} == {"127.0.0.1"}
    assert len(set(taken)) == len(taken)
    assert all(1024 < endpoint.port < 65536 for endpoint in taken)
