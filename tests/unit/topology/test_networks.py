"""What `validate` says of kinds of backbone that cannot carry whole networks."""

from __future__ import annotations

from typing import ClassVar

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline import backbone
from trunkline.backbone.wireguard import WireGuardDriver
from trunkline.topology import check_file

FILE = ROOT / "topologies" / "backbone.yaml"


class OnlyEdges(WireGuardDriver):
    declaration: ClassVar = evolve(WireGuardDriver.declaration, title="Relay", networks=False)


class Narrow(WireGuardDriver):
    def mtu(self, underlay: int) -> int:
        return underlay - 900


def said(monkeypatch: pytest.MonkeyPatch, driver: type[WireGuardDriver]) -> list[str]:
    monkeypatch.setitem(backbone.DRIVERS, "wireguard", driver)
    _, findings = check_file(FILE)
    return [str(each).partition(": ")[2] for each in findings if each.level == "error"]


def test_a_kind_that_carries_no_networks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    [finding] = said(monkeypatch, OnlyEdges)
    assert finding == (
        "backbone.networks: Relay carries no whole networks; choose another kind, or delete "
        "backbone.networks"
    )


def test_a_kind_that_leaves_too_little_of_a_packet_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    findings = said(monkeypatch, Narrow)
    assert (
        "Azure leaves 500 bytes for a packet, and IPv4 takes 576; choose another kind"
        in findings[-1]
    )


def test_a_kind_that_carries_them_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, WireGuardDriver) == []
