"""Plans as `terraform show -json` prints them."""

from __future__ import annotations

import json

import pytest

from trunkline.errors import TerraformError
from trunkline.terraform.plan import Action, Change, StackPlan, read_plan


def resource(address: str, *actions: str, there: bool = True, mode: str = "managed") -> object:
    return {
        "address": address,
        "mode": mode,
        "type": address.partition(".")[0],
        "change": {"actions": actions, "before": {} if there else None},
    }


def read(*resources: object, **outputs: str) -> StackPlan:
    changes = {name: {"actions": [action]} for name, action in outputs.items()}
    return read_plan(json.dumps({"resource_changes": resources, "output_changes": changes}))


def test_each_resource_that_changes_is_told_with_what_becomes_of_it() -> None:
    plan = read(
        resource("aws_vpc.new", "create", there=False),
        resource("aws_vpc.other", "update"),
        resource("aws_vpc.again", "delete", "create"),
        resource("aws_vpc.first", "create", "delete"),
        resource("aws_vpc.gone", "delete"),
        resource("aws_vpc.same", "no-op"),
        resource("data.aws_ami.a", "read", mode="data"),
    )
    assert plan.changes == (
        Change("aws_vpc.new", "aws_vpc", Action.CREATE),
        Change("aws_vpc.other", "aws_vpc", Action.CHANGE),
        Change("aws_vpc.again", "aws_vpc", Action.REPLACE),
        Change("aws_vpc.first", "aws_vpc", Action.REPLACE, seamless=True),
        Change("aws_vpc.gone", "aws_vpc", Action.DESTROY),
    )
    assert plan.unchanged == ("aws_vpc.same",)
    assert plan.steps == 7
    assert plan.exists
    assert not plan.destroys_all


def test_a_plan_without_changes_is_nothing_to_do() -> None:
    assert not read(resource("aws_vpc.same", "no-op"), url="no-op")
    assert read(url="create")
    assert not read(resource("aws_vpc.new", "create", there=False)).exists


def test_a_plan_that_leaves_nothing_destroys_all() -> None:
    assert read(resource("aws_vpc.a", "delete")).destroys_all
    assert not read(url="delete").destroys_all


@pytest.mark.parametrize("text", ["", "[]", '{"resource_changes": [{}]}'])
def test_what_is_not_a_plan_is_told(text: str) -> None:
    with pytest.raises(TerraformError, match="a plan that cannot be read"):
        read_plan(text)
