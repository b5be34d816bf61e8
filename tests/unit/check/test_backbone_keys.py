"""What a check says of the keys and certificates in the nodes file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve
from support.examples import ROOT
from support.nodes import loaded

from trunkline.check import backbone_keys
from trunkline.check.line import CheckLine, State
from trunkline.check.run import is_up
from trunkline.model import Topology

GOLDEN = ROOT / "tests" / "golden" / "topologies"
NEBULA = loaded(GOLDEN / "nebula.yaml")
TODAY = datetime.now(UTC).date()


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


def aged(topology: Topology, made: int, ends: int) -> Topology:
    """With the keys of aws made `made` days ago, and certificates that end in `ends` days."""
    assert topology.backbone
    nodes = dict(topology.backbone.nodes)
    nodes["aws"] = tuple(
        evolve(
            node,
            keys=[
                evolve(key, made=f"{day(-made)}", expires=f"{day(ends)}" if key.expires else "")
                for key in node.keys
            ],
        )
        for node in nodes["aws"]
    )
    return evolve(topology, backbone=evolve(topology.backbone, nodes=nodes))


def said(topology: Topology, site: str = "aws") -> list[CheckLine]:
    return list(backbone_keys.keys(topology, topology.site(site)))


def test_the_days_of_keys_and_certificates_are_said_for_each_site() -> None:
    key, certificate = said(aged(NEBULA, 12, 200))
    assert key == CheckLine("keys", "nodes of aws", State.OK, f"made 12 days ago, on {day(-12)}")
    assert (certificate.what, certificate.state) == ("certificate", State.OK)
    assert certificate.said == f"valid for 200 days, until {day(200)}"
    assert [line.where for line in said(NEBULA, "google")] == ["nodes of google"] * 2


@pytest.mark.parametrize(("days", "state"), [(59, State.WARNING), (1, State.WARNING)])
def test_a_certificate_that_ends_soon_is_a_warning(days: int, state: State) -> None:
    _, line = said(aged(NEBULA, 1, days))
    assert (line.state, line.remedy) == (
        state,
        "make new ones: trunkline keys, then trunkline apply --only edge-aws",
    )
    assert is_up([line])


@pytest.mark.parametrize("days", [0, -3])
def test_a_certificate_that_has_ended_is_a_failure(days: int) -> None:
    _, line = said(aged(NEBULA, 1, days))
    assert line.said == f"ended on {day(days)}: the other nodes refuse it"
    assert not is_up([line])


def test_an_old_key_is_to_be_rotated() -> None:
    line, _ = said(aged(NEBULA, 400, 200))
    assert (line.state, line.remedy) == (
        State.WARNING,
        "rotate them: trunkline keys --rotate backbone --site aws",
    )


def test_keys_without_certificates_have_an_age_alone() -> None:
    [line] = said(aged(loaded(ROOT / "topologies" / "backbone.yaml"), 3, 0))
    assert line.said == f"made 3 days ago, on {day(-3)}"


def test_nodes_without_keys_are_a_failure() -> None:
    assert NEBULA.backbone
    none = evolve(NEBULA, backbone=evolve(NEBULA.backbone, nodes={}))
    [line] = said(none)
    assert (line.state, line.said) == (State.FAILED, "0 of 1 nodes have a key")


def test_where_machines_make_their_keys_or_there_is_no_backbone_nothing_is_said() -> None:
    assert said(loaded(GOLDEN / "tailscale.yaml")) == []
    without = evolve(NEBULA, backbone=None)
    assert said(without) == []
    assert list(backbone_keys.authorities(without)) == []


def test_the_authority_lasts_ten_years() -> None:
    assert NEBULA.backbone
    [line] = backbone_keys.authorities(NEBULA)
    assert (line.where, line.state) == ("authority of the backbone", State.OK)
    late = tuple(evolve(each, expires=f"{day(30)}") for each in NEBULA.backbone.authorities)
    ending = evolve(NEBULA, backbone=evolve(NEBULA.backbone, authorities=late))
    [line] = backbone_keys.authorities(ending)
    assert line.remedy == "make another: trunkline keys --rotate backbone, then apply the edges"
