"""The turns of the machines of one edge, and what Terraform is told of those that wait."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.examples import THREE

from trunkline.deploy.machines import machines_of
from trunkline.deploy.rolling import OVERRIDE, Turn, check_shown, holding, release, turns
from trunkline.errors import TerraformError
from trunkline.terraform.plan import Action, Change, StackPlan, read_plan
from trunkline.topology import load

AWS = load(THREE).site("aws")
FIRST, SECOND, THIRD = (
    f"aws_instance.edge_machine{zone}_2261F84D" for zone in ("", "-us-east-1b", "-us-east-1c")
)
NAME = "cloudflare_dns_record.name"


def change(address: str, action: Action, *attributes: str) -> Change:
    kind = address.partition(".")[0]
    return Change(address, kind, action, attributes=frozenset(attributes))


def plan(*changes: Change) -> StackPlan:
    return StackPlan(changes, exists=True)


def test_each_machine_that_is_replaced_has_its_turn() -> None:
    replaced = plan(*(change(each, Action.REPLACE) for each in (FIRST, SECOND)))
    assert machines_of(AWS, replaced).rolling
    assert turns(AWS, replaced) == [
        Turn((AWS.zone,), (AWS.zone,), (SECOND,)),
        Turn(("us-east-1b",), ("us-east-1b",), ()),
    ]


def test_a_machine_that_moves_has_the_first_turn() -> None:
    moved = plan(
        change(FIRST, Action.REPLACE), change(SECOND, Action.DESTROY), change(THIRD, Action.CREATE)
    )
    assert machines_of(AWS, moved).rolling
    assert turns(AWS, moved)[0] == Turn(("us-east-1b",), ("us-east-1c",), (FIRST,))


def test_the_last_machine_is_not_replaced_without_an_interruption() -> None:
    fewer = plan(change(FIRST, Action.REPLACE), change(SECOND, Action.DESTROY))
    assert not machines_of(AWS, fewer).rolling
    assert machines_of(AWS, fewer).interrupted


def test_machines_go_together_where_what_they_share_goes() -> None:
    resources = [
        {
            "address": address,
            "mode": "managed",
            "type": address.partition(".")[0],
            "change": {"actions": ["delete", "create"], "before": {}},
        }
        for address in (FIRST, SECOND, "cloudflare_tunnel.t")
    ]
    config = [
        {"address": FIRST, "depends_on": ["aws_ssm_parameter.token"]},
        {
            "address": "aws_ssm_parameter.token",
            "expressions": {"value": [{"v": {"references": ["cloudflare_tunnel.t[0].id"]}}]},
        },
    ]
    shown = {
        "resource_changes": resources,
        "configuration": {"root_module": {"resources": config}},
    }
    assert not machines_of(AWS, read_plan(json.dumps(shown))).rolling


def test_terraform_holds_a_machine_and_what_replaces_it_while_it_plans(tmp_path: Path) -> None:
    name = SECOND.partition(".")[2]
    machine = {"lifecycle": {"replace_triggered_by": ["terraform_data.b"]}}
    (tmp_path / "cdk.tf.json").write_text(
        json.dumps({"resource": {"aws_instance": {name: machine}}})
    )
    with holding(tmp_path, (SECOND,)):
        held = json.loads((tmp_path / OVERRIDE).read_text())["resource"]
    lifecycle = {"lifecycle": {"ignore_changes": "all"}}
    assert held == {"aws_instance": {name: lifecycle}, "terraform_data": {"b": lifecycle}}
    assert not (tmp_path / OVERRIDE).exists()
    (tmp_path / OVERRIDE).write_text("{}")  # of a run that was ended by force
    release(tmp_path)
    assert not (tmp_path / OVERRIDE).exists()


SHOWN = plan(
    change(FIRST, Action.REPLACE), change(SECOND, Action.REPLACE), change(NAME, Action.CHANGE, "a")
)


def test_a_turn_that_does_less_than_was_shown_is_taken() -> None:
    turn = plan(change(FIRST, Action.REPLACE), change(NAME, Action.CHANGE, "a"))
    check_shown(SHOWN, turn, (SECOND,))


@pytest.mark.parametrize(
    "other",
    [
        change(SECOND, Action.REPLACE),
        change(NAME, Action.REPLACE),
        change(NAME, Action.CHANGE, "a", "b"),
        change("aws_vpc.new", Action.CREATE),
    ],
)
def test_a_turn_that_does_something_else_is_refused(other: Change) -> None:
    with pytest.raises(TerraformError, match=f"also {other.action} {other.address}"):
        check_shown(SHOWN, plan(change(FIRST, Action.REPLACE), other), (SECOND,))
