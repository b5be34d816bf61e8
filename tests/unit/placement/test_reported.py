"""What the clouds report of zones, from stacks that are applied or are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from support.examples import ROOT

from trunkline.errors import TerraformError
from trunkline.placement.reported import ReportedZones, read_reported_zones
from trunkline.terraform.run import Terraform
from trunkline.topology import load

FILE = str(ROOT / "topologies" / "three-clouds.yaml")
AWS = {f"us-east-1{letter}": f"use1-az{7 - number}" for number, letter in enumerate("abcdef", 1)}
AZURE = {"1": "eastus-az3", "2": "eastus-az1", "3": "eastus-az2"}


@frozen
class Applied(Terraform):
    """Terraform over stacks that are applied where they have an output here."""

    outputs: Mapping[str, Any] = {}

    def output(self, folder: Path, name: str) -> Any:
        if folder.name not in self.outputs:
            raise TerraformError(f"{folder.name} is not applied")
        return self.outputs[folder.name]


def read(folder: Path, outputs: Mapping[str, Any], synthesized: bool = True) -> ReportedZones:
    """What is read where the zones stacks have these outputs."""
    for name in ("zones-aws", "zones-azure") if synthesized else ():
        (folder / "stacks" / name).mkdir(parents=True)
        (folder / "stacks" / name / "cdk.tf.json").write_text("{}")
    return read_reported_zones(
        FILE, load(FILE), folder, Applied(program="terraform", outputs=outputs)
    )


def test_every_site_whose_cloud_exposes_physical_zones_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, {"zones-aws": AWS, "zones-azure": AZURE})
    assert found.zones == {"aws": AWS, "azure": AZURE}
    assert found.count == 9


def test_a_cloud_that_exposes_none_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, {"zones-aws": AWS, "zones-azure": AZURE})
    assert found.missing == (
        "google: cloud google does not expose which physical zones its zone names mean; "
        "measure in this site",
    )


def test_a_stack_that_is_not_applied_is_named_with_how_to_apply_it(tmp_path: Path) -> None:
    found = read(tmp_path, {"zones-azure": AZURE})
    assert found.zones == {"azure": AZURE}
    folder = tmp_path / "stacks" / "zones-aws"
    assert found.missing[0] == (
        f"aws: zones-aws is not applied; run terraform -chdir={folder} init && "
        f"terraform -chdir={folder} apply"
    )


def test_a_stack_that_is_not_there_is_to_be_synthesized_first(tmp_path: Path) -> None:
    found = read(tmp_path, {}, synthesized=False)
    assert found.zones == {}
    assert f"run trunkline synth {FILE} --output {tmp_path}, then terraform" in found.missing[0]


def test_a_zone_that_the_account_lacks_is_named_and_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, {"zones-aws": {**AWS, "us-east-1f": None}, "zones-azure": AZURE})
    assert "us-east-1f" not in found.zones["aws"]
    assert "aws: the account has no zone us-east-1f in us-east-1; correct its zones" in (
        found.missing
    )


def test_a_zone_that_came_after_the_stack_was_applied_is_named(tmp_path: Path) -> None:
    older = {"1": "eastus-az3"}
    found = read(tmp_path, {"zones-aws": AWS, "zones-azure": older})
    assert found.zones["azure"] == older
    assert [each for each in found.missing if "before zone 2 was a candidate" in each]


def test_zones_that_are_no_candidates_are_left_out(tmp_path: Path) -> None:
    more = {**AZURE, "4": "eastus-az4"}
    assert read(tmp_path, {"zones-azure": more}).zones == {"azure": AZURE}


def test_an_output_of_another_kind_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    found = read(tmp_path, {"zones-aws": ["use1-az4"], "zones-azure": {"1": 3}})
    assert found.zones == {}
    assert [each for each in found.missing if each.startswith("aws: the output of")]
    assert [each for each in found.missing if each.startswith("azure: the output of")]
