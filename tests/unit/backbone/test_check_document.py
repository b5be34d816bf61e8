"""What a node is told to measure."""

from __future__ import annotations

from typing import Any

from trunkline.backbone import Membership, check_document
from trunkline.model import (
    BackboneSettings,
    EdgeServices,
    Node,
    NodeKey,
    PrivateWay,
    Service,
)

KEY = NodeKey(public_key="x", port=51820, made="2026-11-28")
BACKBONE = BackboneSettings(
    kind="wireguard",
    nodes={
        "aws": (Node(name="aws-1", address="10.254.0.1", keys=[KEY]),),
        "google": (Node(name="google-1", address="10.254.0.2", keys=[KEY]),),
    },
)


def told(used: tuple[Service, ...] = (), reached: tuple[Service, ...] = ()) -> dict[str, Any]:
    membership = Membership(
        backbone=BACKBONE, site="aws", hosts={}, mtus={"aws": 1400, "google": 1340}, keys={}
    )
    services = EdgeServices(used=used, reached=reached, networks=("10.10.0.0/16",))
    return check_document(membership, {"us-east-1a": "aws-1"}, services)


def service(*hosts: str, **options: Any) -> Service:
    return Service(name="s", site="google", sites=["aws"], hosts=hosts, **options)


def test_every_node_is_named_with_its_address_and_its_mtu() -> None:
    assert told()["nodes"] == [
        {"name": "aws-1", "site": "aws", "address": "10.254.0.1", "mtu": 1400},
        {"name": "google-1", "site": "google", "address": "10.254.0.2", "mtu": 1340},
    ]


def test_services_are_asked_as_applications_ask_them() -> None:
    passing = service("a.example.com", "*.example.com")
    made = service("llm.internal", mode="originate", server="10.20.0.9")
    database = service("db.internal", protocol="tcp", port=5432, server="10.20.0.8")
    found = told(used=(passing, made, database))["services"]
    assert [(each["host"], each["port"], each["plain"]) for each in found] == [
        ("a.example.com", 443, False),
        ("llm.internal", 80, True),
        ("db.internal", 5432, True),
    ]
    assert not any(each["server"] for each in found)


def test_the_edge_that_makes_the_tls_looks_at_the_certificate() -> None:
    made = service("llm.internal", mode="originate", server="llm.example.com", ca="PEM")
    plain = service("x.internal", mode="originate", server="10.20.0.9", protocol="http")
    [found] = told(reached=(made, plain, service("a.example.com")))["services"]
    assert (found["server"], found["ca"], found["plain"]) == ("llm.example.com", "PEM", False)


def test_the_certificate_is_looked_at_by_the_private_endpoint() -> None:
    way = PrivateWay(servers=["10.20.0.7", "10.20.0.8"])
    made = service("api.example.com", mode="originate", ways={"api.example.com": way})
    [found] = told(reached=(made,))["services"]
    assert (found["server"], found["at"]) == ("api.example.com", "10.20.0.7")
