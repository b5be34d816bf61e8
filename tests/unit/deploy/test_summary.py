"""What is said of plans before they are carried out; the plans are Terraform's own, shortened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from support.examples import ROOT, THREE

from trunkline.deploy.summary import count_changes, describe, describe_all, held_by
from trunkline.deploy.targets import StackTarget, targets
from trunkline.model import Cloudflare, Topology
from trunkline.terraform.plan import StackPlan, read_plan
from trunkline.topology import load

PLANS = Path(__file__).with_name("plans")
TOPOLOGY = load(THREE)


def recorded(name: str) -> StackPlan:
    return read_plan((PLANS / f"{name}.json").read_text())


def made(*resources: tuple[str, str, bool]) -> StackPlan:
    """A plan of resources: address, what becomes of it, whether it is there."""
    changes = [
        {
            "address": address,
            "mode": "managed",
            "type": address.partition(".")[0],
            "change": {"actions": actions.split(","), "before": {} if there else None},
        }
        for address, actions, there in resources
    ]
    return read_plan(json.dumps({"resource_changes": changes}))


def target(name: str, topology: Topology = TOPOLOGY) -> StackTarget:
    return next(each for each in targets(topology, Path()) if each.name == name)


@pytest.mark.parametrize(
    ("stack", "plan", "sentence", "counts"),
    [
        ("edge-aws", "edge-same", "nothing to do", ""),
        (
            "edge-aws",
            "edge-changed",
            "changes the edge of aws without a new machine",
            "1 to change",
        ),
        (
            "edge-aws",
            "edge-replaced",
            "replaces the edge of aws: other sites answer for its routes meanwhile",
            "1 to change, 1 to replace",
        ),
        ("edge-aws", "edge-with-another", "adds 1 machine to the edge of aws", "4 to create"),
        (
            "edge-aws",
            "edges-replaced",
            "replaces 2 machines of the edge of aws, one after another: its site has another one "
            "meanwhile",
            "2 to change, 2 to replace",
        ),
        (
            "edge-aws",
            "edge-destroyed",
            "destroys the edge of aws: other sites answer for its routes from then on",
            "22 to destroy",
        ),
        ("routing", "routing-changed", "changes api.example.com", "1 to change"),
        (
            "routing",
            "routing-destroyed",
            "destroys api.example.com: nothing answers there from then on",
            "3 to destroy",
        ),
    ],
)
def test_a_plan_is_a_sentence_and_a_count(
    stack: str, plan: str, sentence: str, counts: str
) -> None:
    assert describe(TOPOLOGY, target(stack), recorded(plan)) == sentence
    assert count_changes(recorded(plan)) == counts


def edges(*actions: str) -> StackPlan:
    """The machines of an edge with replicas."""
    names = ("edge_machine_2261F84D", "edge_machine-us-east-1b_0123ABCD")
    return made(
        *[(f"aws_instance.{name}", each, True) for name, each in zip(names, actions, strict=False)]
    )


def test_a_site_with_a_second_machine_goes_on_while_one_is_replaced() -> None:
    sentence = describe(TOPOLOGY, target("edge-aws"), edges("delete,create", "no-op"))
    assert sentence == "replaces 1 machine of the edge of aws: its site has 1 other"


def test_a_machine_that_comes_before_the_old_one_goes_interrupts_nothing() -> None:
    sentence = describe(TOPOLOGY, target("edge-aws"), edges("create,delete"))
    assert sentence == "replaces the edge of aws: the new one takes over before the old one goes"


def test_a_machine_that_moves_to_another_zone_is_replaced() -> None:
    old, new = "edge_machine-us-east-1b_0123ABCD", "edge_machine-us-east-1c_4567CDEF"
    plan = made(
        ("aws_instance.edge_machine_2261F84D", "no-op", True),
        (f"aws_instance.{old}", "delete", True),
        (f"aws_instance.{new}", "create", False),
    )
    sentence = describe(TOPOLOGY, target("edge-aws"), plan)
    assert sentence == "replaces 1 machine of the edge of aws: its site has 1 other"


def test_routes_without_failover_are_named() -> None:
    one, *others = TOPOLOGY.routing.routes
    routing = attrs.evolve(TOPOLOGY.routing, routes=(attrs.evolve(one, failover=()), *others))
    topology = attrs.evolve(TOPOLOGY, routing=routing)
    sentence = describe(topology, target("edge-aws", topology), edges("delete,create"))
    assert sentence == "replaces the edge of aws: nothing answers for /api/v5 meanwhile"


def test_sites_that_go_together_do_not_answer_for_one_another() -> None:
    names = ("edge-aws", "edge-google", "edge-azure")
    types = ("aws_instance", "google_compute_instance", "azurerm_linux_virtual_machine")
    plans = {
        name: made((f"{kind}.edge_machine_2261F84D", "delete", True))
        for name, kind in zip(names, types, strict=True)
    }
    sentences = describe_all(TOPOLOGY, targets(TOPOLOGY, Path()), plans)
    assert list(sentences) == list(names)
    assert sentences["edge-google"] == (
        "destroys the edge of google: nothing answers for /api/v6 from then on"
    )


def probes(*actions: str) -> StackPlan:
    changes: list[Any] = [
        (f"aws_instance.probes_machine-us-east-1{letter}_0123ABCD", each, each != "create")
        for letter, each in zip("abcdef", actions, strict=False)
    ]
    return made(*changes)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (probes("create", "create"), "makes 2 probes in aws"),
        (
            probes("create", "delete,create", "delete", "no-op"),
            "makes 1 probe more in aws, replaces 1 probe of aws, destroys 1 probe of aws: what is "
            "not collected yet goes with them",
        ),
        (
            made(("cloudflare_dns_record.a", "update", True)),
            "changes the probes of aws without a new machine",
        ),
    ],
)
def test_probes_are_counted(plan: StackPlan, sentence: str) -> None:
    assert describe(TOPOLOGY, target("probes-aws"), plan) == sentence


def test_a_stack_of_an_earlier_topology_is_only_left_over() -> None:
    plan = made(("aws_vpc.a", "delete", True))
    assert "no longer in the topology" in describe(TOPOLOGY, StackTarget(Path("edge-old")), plan)


def test_a_zone_holds_more_than_what_a_stack_has_made() -> None:
    zone = "cloudflare_zone.routing_zone_9DFB2903"
    assert held_by(TOPOLOGY, made((zone, "delete", True))) == [
        f"{zone} holds every DNS record of the zone, also what others have put there"
    ]
    assert held_by(TOPOLOGY, made((zone, "delete,create", True)))
    assert not held_by(TOPOLOGY, made((zone, "update", True), ("aws_vpc.a", "delete", True)))


def test_a_zone_that_is_made_is_said() -> None:
    topology = load(ROOT / "topologies" / "two-accounts.yaml")
    assert isinstance(topology.ingress, Cloudflare)
    plan = made(("cloudflare_zone.routing_zone_9DFB2903", "create", False))
    sentence = describe(topology, target("routing", topology), plan)
    assert sentence == "makes api.example.org and the zone example.org, with 3 routes"


def test_a_link_between_clouds_is_made_with_a_caution() -> None:
    topology = load(ROOT / "tests" / "golden" / "topologies" / "pairs.yaml")
    [target] = [each for each in targets(topology, Path("out")) if "interconnect" in each.name]
    gateway = ("aws_dx_gateway.link", "create", False)
    said = describe(topology, target, made(gateway))
    assert said.startswith("makes the link between aws and google (never run against the clouds")
    gone = describe(topology, target, made(("aws_dx_gateway.link", "delete", True)))
    assert gone == (
        "destroys the link between aws and google: their edges take the internet from then on"
    )
