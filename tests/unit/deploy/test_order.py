"""Which stacks wait for which, when plans are carried out."""

from __future__ import annotations

from pathlib import Path

import attrs
from support.examples import THREE

from trunkline.deploy.order import order, reverse_order
from trunkline.deploy.targets import targets
from trunkline.model import Cloudflare
from trunkline.terraform.plan import Action, Change, StackPlan
from trunkline.topology import load

TOPOLOGY = load(THREE)
TARGETS = targets(TOPOLOGY, Path())
assert isinstance(TOPOLOGY.ingress, Cloudflare)
MAKES_ZONE = attrs.evolve(TOPOLOGY, ingress=attrs.evolve(TOPOLOGY.ingress, create_zone=True))
MACHINES = {
    "edge-aws": "aws_instance",
    "edge-google": "google_compute_instance",
    "edge-azure": "azurerm_linux_virtual_machine",
}


def plan(*changes: Change, exists: bool = True) -> StackPlan:
    return StackPlan(changes, exists=exists)


def resource(action: Action) -> Change:
    return Change("cloudflare_dns_record.a", "cloudflare_dns_record", action)


def replaced(stack: str) -> StackPlan:
    kind = MACHINES[stack]
    return plan(Change(f"{kind}.edge_machine_2261F84D", kind, Action.REPLACE))


NEW = plan(resource(Action.CREATE), exists=False)
CHANGED = plan(resource(Action.CHANGE))
GONE = plan(resource(Action.DESTROY))


def test_new_stacks_go_side_by_side() -> None:
    plans = {target.name: NEW for target in TARGETS}
    assert order(TARGETS, plans) == {target.name: set() for target in TARGETS}


def test_what_has_nothing_to_do_is_left_out() -> None:
    assert order(TARGETS, {"routing": StackPlan(exists=True), "edge-aws": NEW}) == {
        "edge-aws": set()
    }


def test_edges_are_replaced_one_after_another() -> None:
    assert order(TARGETS, {stack: replaced(stack) for stack in MACHINES}) == {
        "edge-aws": set(),
        "edge-google": {"edge-aws"},
        "edge-azure": {"edge-google"},
    }


def test_edges_with_replicas_are_replaced_one_after_another_too() -> None:
    def both(stack: str) -> StackPlan:
        [first] = replaced(stack).changes
        second = attrs.evolve(first, address=f"{first.type}.edge_machine-b_2261F84D")
        return plan(first, second)

    found = order(TARGETS, {stack: both(stack) for stack in MACHINES})
    assert found["edge-azure"] == {"edge-google"}


def test_edges_that_take_a_change_while_they_run_need_no_order() -> None:
    found = order(TARGETS, dict.fromkeys(MACHINES, CHANGED))
    assert found == {stack: set() for stack in MACHINES}


def test_requests_are_sent_elsewhere_after_the_edges_know() -> None:
    found = order(TARGETS, {"edge-aws": CHANGED, "edge-google": NEW, "routing": CHANGED})
    assert found["routing"] == {"edge-aws", "edge-google"}


def test_the_stack_that_makes_the_zone_comes_first_and_goes_last() -> None:
    found = targets(MAKES_ZONE, Path())
    plans = {"routing": CHANGED, "edge-aws": NEW, "probes-aws": NEW, "zones-aws": NEW}
    assert order(found, plans) == {
        "zones-aws": set(),
        "probes-aws": {"routing"},
        "edge-aws": {"routing"},
        "routing": set(),
    }
    assert reverse_order(found, dict.fromkeys(plans, GONE)) == {
        "zones-aws": set(),
        "probes-aws": set(),
        "edge-aws": set(),
        "routing": {"probes-aws", "edge-aws"},
    }
