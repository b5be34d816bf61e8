"""Where there is one address of loopback, as on macOS, ports follow from a checksum."""

from __future__ import annotations

from typing import Any

import pytest
from support.examples import ROOT

from trunkline.addresses import loopback
from trunkline.documents.findings import Problem, show_path
from trunkline.topology import check_file
from trunkline.topology.checks import ports
from trunkline.topology.checks.partial import PartialTopology


@pytest.fixture(autouse=True)
def one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "ONE_ADDRESS", True)


def run(*cidrs: str, **sections: Any) -> list[Problem]:
    """What is said about sites of one zone each, with these ranges."""
    sites = {
        f"s{index}": {"cloud": "local", "zones": ["a"], "zone": "a", "network": {"cidr": cidr}}
        for index, cidr in enumerate(cidrs)
    }
    data = {"local": {}, "sites": sites, **sections}
    return list(ports.everything_has_its_own_port(PartialTopology(data, lambda _: 1)))


def ranges_of_one_checksum() -> tuple[str, str]:
    """Two ranges that do not overlap, and whose first zones have the same ports."""
    seen: dict[int, str] = {}
    for number in range(1, 60_000):
        cidr = f"127.{number // 250 + 1}.{number % 250}.0/24"
        other = seen.setdefault(loopback.edge_endpoint(cidr, "a").port, cidr)
        if other != cidr:
            return other, cidr
    raise AssertionError("no checksum came twice")


def test_the_example_fits() -> None:
    assert check_file(ROOT / "topologies" / "local.yaml")[1] == []


def test_two_sites_of_one_checksum_are_named_once() -> None:
    [problem] = run(*ranges_of_one_checksum())
    assert show_path(problem.path) == "sites.s1.network.cidr"
    assert problem.message.startswith("the edge of s1 would be at 127.0.0.1:")
    assert problem.message.endswith(", where the edge of s0 is")
    assert problem.remedy == "choose another range"


def test_sites_of_one_range_are_left_to_the_check_of_ranges() -> None:
    assert run("127.10.0.0/16", "127.10.0.0/24") == []


@pytest.mark.parametrize("place", range(4))
def test_the_ingress_stays_away_from_every_port_of_a_zone(place: int) -> None:
    port = loopback.edge_endpoint("127.10.0.0/16", "a").port + place
    [problem] = run("127.10.0.0/16", local={"port": port})
    assert show_path(problem.path) == "local.port"


def test_what_does_not_run_takes_no_port() -> None:
    probe = loopback.probe_endpoint("127.10.0.0/16", "a", 8100).port
    off = {"enabled": False}
    assert run("127.10.0.0/16", local={"port": probe}, probes=off) == []
