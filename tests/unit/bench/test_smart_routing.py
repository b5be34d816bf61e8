"""Smart Routing, turned on and off between variants, with real Terraform."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from attrs import define, evolve, field
from support.bench import results
from support.needs import needs

from trunkline.bench import smart_routing
from trunkline.bench.drive import Variant
from trunkline.bench.rounds import measure_rounds
from trunkline.bench.smart_routing import OFF, ON, SmartRoutingSwitch
from trunkline.errors import TerraformError
from trunkline.terraform.commands import Commands
from trunkline.terraform.run import find_terraform

pytestmark = needs("terraform")

# Terraform's own resource in place of Cloudflare's: what counts is which one would change.
STACK = {
    "variable": {"smart_routing": {"type": "string", "default": "on"}},
    "resource": {
        "terraform_data": {
            "setting": {"input": "${var.smart_routing}"},
            "other": {"input": "as it is"},
        }
    },
}


@define
class Played:
    """The switch of a stack, and what it has said and waited for."""

    switch: SmartRoutingSwitch
    heard: list[object] = field(factory=list)

    def setting(self) -> str:
        """What is applied."""
        state = json.loads((self.switch.folder / "terraform.tfstate").read_text())
        found = {each["name"]: each["instances"][0] for each in state["resources"]}
        value: str = found["setting"]["attributes"]["input"]["value"]
        return value


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    monkeypatch.setattr(smart_routing, "_SETTING", "terraform_data")
    folder, scratch = tmp_path / "routing", tmp_path / "scratch"
    scratch.mkdir()
    folder.mkdir()
    (folder / "cdk.tf.json").write_text(json.dumps(STACK))
    heard: list[object] = []
    commands = Commands(find_terraform(), dict(os.environ))
    switch = SmartRoutingSwitch(folder, scratch, commands, 60, heard.append, heard.append)
    return Played(switch, heard)


def applied(played: Played) -> Played:
    for command in (["init"], ["apply", "-auto-approve"]):
        assert played.switch.commands.run(played.switch.folder, command, lambda line: None) == 0
    return played


def test_each_variant_finds_its_setting_and_the_end_finds_what_the_topology_says(
    played: Played,
) -> None:
    switch = applied(played).switch
    switch.check()
    switch.to(Variant(OFF, "", {}))
    assert played.setting() == "off"
    assert played.heard == ["Smart Routing is off; waiting 60 s", 60]
    switch.to(Variant(ON, "", {}))
    assert played.setting() == "on"
    switch.to(Variant(OFF, "", {}))
    switch.restore()
    assert played.setting() == "on"


def test_what_is_so_already_is_not_waited_for(played: Played) -> None:
    applied(played).switch.to(Variant(ON, "", {}))
    assert played.heard == []


def test_a_variant_that_follows_itself_is_not_planned_again(played: Played) -> None:
    switch = applied(played).switch
    switch.to(Variant(OFF, "", {}))
    [plan] = switch.scratch.iterdir()
    plan.unlink()
    switch.to(Variant(OFF, "", {}))
    assert not plan.exists()
    assert played.setting() == "off"


def test_a_stack_that_is_not_applied_is_refused(played: Played) -> None:
    with pytest.raises(TerraformError, match="not applied as the topology says"):
        played.switch.check()
    (played.switch.folder / "cdk.tf.json").unlink()
    with pytest.raises(TerraformError, match="not there: run trunkline apply"):
        played.switch.check()


def test_nothing_else_is_changed_on_the_way(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = applied(played).switch
    monkeypatch.setattr(smart_routing, "_SETTING", "cloudflare_argo_smart_routing")
    with pytest.raises(TerraformError, match=r"differs from what is applied in terraform_data"):
        switch.to(Variant(OFF, "", {}))
    assert played.setting() == "on"


def test_a_failure_says_what_terraform_said(played: Played) -> None:
    (applied(played).switch.folder / "cdk.tf.json").write_text("{")
    with pytest.raises(TerraformError, match="terraform plan failed"):
        played.switch.to(Variant(OFF, "", {}))


def test_the_world_is_switched_before_each_measurement() -> None:
    begun = results(1)
    seen: list[str] = []

    class Driver:
        versions = begun.tools

        def warm_up(self, variant: Variant) -> None:
            seen.append(f"warm-up {variant.name}")

        def measure(self, variant: Variant) -> tuple[()]:
            seen.append(f"measure {variant.name}")
            return ()

    variants = [Variant(name, "", {}) for name in (OFF, ON)]
    measure_rounds(
        evolve(begun, rounds=()),
        variants,
        Driver(),
        lambda found: None,
        rounds=2,
        switch=lambda variant: seen.append(f"switch {variant.name}"),
    )
    expected = []
    for what, names in (("warm-up", (OFF, ON)), ("measure", (OFF, ON)), ("measure", (ON, OFF))):
        for name in names:
            expected += [f"switch {name}", f"{what} {name}"]
    assert seen == expected
