"""A topology file with a changed route."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve
from support.examples import ROOT

from trunkline.demo.change import MARK, write_changed
from trunkline.topology import load

FILE = ROOT / "topologies" / "local.yaml"


def test_one_route_sets_a_header_and_nothing_else_changes(tmp_path: Path) -> None:
    before = load(FILE)
    first, *others = before.routing.routes
    after = load(write_changed(FILE, first, tmp_path / "changed.yaml"))
    changed, *same = after.routing.routes
    assert changed.forwarding.response_headers.set == {MARK: "changed"}
    assert (evolve(changed, forwarding=first.forwarding), same) == (first, others)
    assert evolve(after, routing=before.routing) == before
