"""The agent of a probe as a unit."""

from __future__ import annotations

import json

from attrs import evolve

from trunkline.model import Probes
from trunkline.payload import SecretSource
from trunkline.payload.units import Agent
from trunkline.probing.metadata import MetadataRequest, PhysicalZoneQuery


def agent(probes: Probes) -> Agent:
    return Agent(
        site="shop",
        cloud="aws",
        zone="us-east-1a",
        probes=probes,
        peers=(),
        key=SecretSource("", ("../../secrets/key",)),
    )


def test_anybody_may_send_where_only_the_key_is_answered() -> None:
    ingress = agent(Probes()).firewall.ingress
    assert [(rule.protocol, rule.port, rule.cidrs) for rule in ingress] == [
        ("udp", 8100, ("0.0.0.0/0",)),
        ("tcp", 8101, ("0.0.0.0/0",)),
    ]


def test_results_are_for_operators() -> None:
    rules = agent(Probes(operators=("203.0.113.7/32",), port=9000)).firewall.ingress
    assert [(r.port, r.cidrs) for r in rules if r.name == "operators"] == [
        (9000, ("203.0.113.7/32",))
    ]


def test_how_to_ask_for_the_physical_zone_is_in_its_configuration_where_that_is_known() -> None:
    request = MetadataRequest(path="/zone", pattern="(?P<zone>.+)")
    query = PhysicalZoneQuery(requests=(request,), physical_zone="{zone}")
    asking = evolve(agent(Probes()), metadata=query).configuration(address="", key_file="")
    assert asking["metadata"]["requests"] == [
        {"method": "GET", "path": "/zone", "headers": {}, "pattern": "(?P<zone>.+)"}
    ]
    assert "metadata" not in agent(Probes()).configuration(address="", key_file="")


def test_on_this_machine_it_answers_at_the_zones_own_address() -> None:
    unit = agent(Probes(port=9000)).local("127.10.0.0/16", "us-east-1b")
    config = json.loads(unit.process.files["probe.json"])
    assert (config["address"], config["port"]) == ("127.10.16.1", 9000)
    assert config["key_file"] == "../../secrets/key"
    assert unit.addresses == (
        "udp 127.10.16.1:9000",
        "tcp 127.10.16.1:9000",
        "tcp 127.10.16.1:9001",
    )
