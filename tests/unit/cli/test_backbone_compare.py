"""`trunkline backbone compare`, alone and with a topology."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.command import trunkline
from support.examples import ROOT

BACKBONE = ROOT / "topologies" / "backbone.yaml"
SCHEMA = json.loads((ROOT / "schemas" / "topology.schema.json").read_text())
VALID = ROOT / "tests" / "schema" / "valid"
INVALID = ROOT / "tests" / "schema" / "invalid"


def compared(*arguments: object) -> dict[str, Any]:
    done = trunkline("backbone", "compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stdout
    return dict(json.loads(done.stdout))


def months(kind: dict[str, Any]) -> dict[str, float | None]:
    return {plan["title"]: plan["month"] and plan["month"]["low"] for plan in kind["plans"]}


def test_every_kind_that_a_topology_can_name_is_compared() -> None:
    named = SCHEMA["properties"]["backbone"]["properties"]["kind"]["enum"]
    possible = {name for name, kind in compared()["kinds"].items() if kind["possible"]}
    assert possible == set(named)


def test_plans_cost_by_seats_and_are_refused_where_they_are_too_small() -> None:
    few = compared("--edges", 6, "--seats", 4)["kinds"]
    assert months(few["tailscale"]) == {"Free": 0, "Standard": 32, "Premium": 72}
    assert months(few["zerotier"]) == {"Essential": 18}
    many = compared("--edges", 51)["kinds"]
    assert months(many["tailscale"])["Free"] is None
    assert [plan["fits"] for plan in many["zerotier"]["plans"]] == [False]


def test_the_edges_of_a_topology_are_counted() -> None:
    found = compared(BACKBONE)
    assert (found["topology"], found["edges"]) == ("backbone", 6)
    assert compared(BACKBONE, "--edges", 9)["edges"] == 9


def test_a_topology_with_services_cannot_go_without_a_backbone() -> None:
    kinds = compared(INVALID / "service-without-backbone.yaml")["kinds"]
    assert kinds["wireguard"]["possible"]
    assert kinds["none"]["refusals"] == [
        "services cross sites, which none does not join; choose another kind: trunkline backbone "
        "compare has them; or delete services"
    ]


def test_the_range_of_another_kind_does_not_refuse_none(tmp_path: Path) -> None:
    text = (VALID / "backbone-none.yaml").read_text()
    file = tmp_path / "topology.yaml"
    file.write_text(text.replace("kind: none", "kind: wireguard, cidr: 10.200.0.0/24"))
    assert compared(file)["kinds"]["none"]["possible"]
    file.write_text(text.replace("kind: none", "kind: wireguard, networks: true"))
    [refusal] = compared(file)["kinds"]["none"]["refusals"]
    assert refusal.startswith("the kind none joins nothing")


def test_a_kind_that_does_not_exist_does_not_keep_from_comparing() -> None:
    assert compared(INVALID / "backbone-kind.yaml")["kinds"]["wireguard"]["possible"]


def test_one_site_has_nothing_to_join() -> None:
    kinds = compared(INVALID / "backbone-one-site.yaml")["kinds"]
    [refusal] = kinds["wireguard"]["refusals"]
    assert "there is one only" in refusal


@pytest.mark.parametrize("text", ["name: [", "name: demo\n"])
def test_a_file_that_is_wrong_elsewhere_is_refused_with_its_findings(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(text)
    done = trunkline("backbone", "compare", file)
    assert done.returncode == 2
    assert str(file) in done.stderr


def test_links_between_clouds_are_listed_with_what_they_cost() -> None:
    found = compared()
    assert [name for name, kind in found["kinds"].items() if kind["links"]] == ["wireguard"]
    months = {link["name"]: link["month"]["low"] for link in found["links"]}
    assert months == {"interconnect_aws_google": 3555.0, "interconnect_aws_azure": 139.0}


def test_the_text_has_a_table_and_then_each_kind() -> None:
    done = trunkline("backbone", "compare", BACKBONE, "--edges", 60, "--seats", 1)
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "kind",
        "for",
        "backbone",
        *["services", "networks", "relays", "$/month"],
    ]
    assert lines[1].split() == ["wireguard", "yes", "yes", *lines[1].split()[3:5], "0.00"]
    assert "The costs are for 60 edges and 1 person." in lines
    assert "  plan      Essential: has 10 nodes at most" in lines
    assert "            Standard: 8.00 $" in lines
    links = lines.index("links between clouds (backbone.pairs), beside wireguard:")
    assert lines[links + 1] == "  AWS Interconnect with Google Cloud, 1 Gbit/s: 3,555.00 $ a month"


def test_a_price_that_is_not_known_is_not_taken_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trunkline.cost.prices import PriceBook

    monkeypatch.setattr("trunkline.cost.prices.load_prices", lambda path: (PriceBook({}), []))
    assert months(compared()["kinds"]["zerotier"]) == {"Essential": None}
    done = trunkline("backbone", "compare")
    assert "  plan      Essential: price not known" in done.stdout.splitlines()
    [row] = [line for line in done.stdout.splitlines() if line.startswith("zerotier  ")]
    assert row.endswith("unknown")
    assert {link["month"] for link in compared()["links"]} == {None}
