"""A secret with a version reaches its cloud's store, and is in no state and in no plan."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from contract.terraform.conftest import Run
from contract.terraform.moto_server import call
from doubles.providers.double import listening
from doubles.providers.effects import Effects, State
from doubles.providers.plugin_mirror import schema_files
from doubles.providers.terraform_runner import TerraformError, TerraformRunner
from support.examples import ROOT

pytestmark = pytest.mark.slow

APP = Path(__file__).with_name("secret_app.py")
FIRST, SECOND = "1a" * 32, "2b" * 32
STORED = {
    "google": ("google_secret_manager_secret_version", "secret_data_wo"),
    "azure": ("azurerm_key_vault_secret", "value_wo"),
}


class Stores(Effects):
    """What has been written to the clouds' secret stores, in order."""

    def __init__(self) -> None:
        self.written: list[tuple[str, State]] = []

    def write(self, type_name: str, state: State, written: State) -> None:
        if written:
            self.written.append((type_name, written))


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def writing_env(offline_env: Mapping[str, str], stores: Stores) -> Iterator[Mapping[str, str]]:
    """The environment in which Terraform finds doubles that write to `stores`."""
    with listening(schema_files(), stores) as addresses:
        yield {**offline_env, "TF_REATTACH_PROVIDERS": addresses}


def stack(cloud: str, version: int, folder: Path) -> Path:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "constructs"), "CDKTF_OUTDIR": str(folder)}
    command = [sys.executable, str(APP), cloud, str(version)]
    subprocess.run(command, check=True, env=env, timeout=300)
    return folder / "stacks" / f"secret-{cloud}"


def give(run: TerraformRunner, key: str) -> None:
    run.set_variables({"TF_VAR_node_key": key})


def apply_a_saved_plan(run: TerraformRunner) -> None:
    """Plan to a file and apply it, and see that neither it nor the state holds a key."""
    run.plan("-out=saved")
    run.apply("saved")
    with zipfile.ZipFile(run.folder / "saved") as saved:
        texts = [saved.read(name) for name in saved.namelist()]
    texts += [path.read_bytes() for path in run.folder.glob("terraform.tfstate*")]
    assert len(texts) > 3
    assert not [text for text in texts for key in (FIRST, SECOND) if key.encode() in text]


def rotate(run: TerraformRunner, cloud: str, folder: Path) -> None:
    """Give another key with the same version, which changes nothing, and then with the next."""
    give(run, SECOND)
    run.assert_plan_is_empty()
    changed = stack(cloud, 2, folder) / "cdk.tf.json"
    (run.folder / "cdk.tf.json").write_text(changed.read_text())
    apply_a_saved_plan(run)
    run.assert_plan_is_empty()


def parameter(moto: str) -> Any:
    name = "/trunkline/shop/node-key"
    return call(moto, "ssm", "get_parameter", Name=name, WithDecryption=True)["Parameter"]


def test_aws_keeps_it_in_its_parameter_and_a_new_version_rotates_it(
    tmp_path: Path, aws_run: Run, moto: str
) -> None:
    run = aws_run(stack("aws", 1, tmp_path / "first"))
    give(run, FIRST)
    run.init()
    apply_a_saved_plan(run)
    assert parameter(moto)["Value"] == FIRST
    run.assert_plan_is_empty()
    rotate(run, "aws", tmp_path / "second")
    assert parameter(moto)["Value"] == SECOND
    assert parameter(moto)["Type"] == "SecureString"
    run.destroy()


@pytest.mark.parametrize("cloud", STORED)
def test_the_others_write_it_once_for_each_version(
    cloud: str, tmp_path: Path, writing_env: Mapping[str, str], stores: Stores
) -> None:
    kind, argument = STORED[cloud]
    run = TerraformRunner(stack(cloud, 1, tmp_path / "first"), tmp_path / "work", writing_env)
    give(run, FIRST)
    run.init()
    apply_a_saved_plan(run)
    run.assert_plan_is_empty()
    assert stores.written == [(kind, {argument: FIRST})]
    rotate(run, cloud, tmp_path / "second")
    assert stores.written == [(kind, {argument: FIRST}), (kind, {argument: SECOND})]
    run.destroy()


def test_this_machine_keeps_it_in_a_file_of_its_user_s(
    tmp_path: Path, offline_env: Mapping[str, str]
) -> None:
    env = {**offline_env, "PYTHONPATH": str(ROOT / "constructs")}
    work = tmp_path / "cdktf.out" / "stacks" / "secret"
    run = TerraformRunner(stack("local", 1, tmp_path / "first"), work, env)
    run.set_variables({"TF_VAR_node_key": FIRST})
    run.init()
    apply_a_saved_plan(run)
    kept = tmp_path / ".trunkline" / "secrets" / "shop-node-key"
    [file] = [kept] if kept.is_file() else [each for each in kept.rglob("*") if each.is_file()]
    assert file.read_text().strip() == FIRST
    assert file.stat().st_mode & 0o077 == 0
    rotate(run, "local", tmp_path / "second")
    assert file.read_text().strip() == SECOND
    run.destroy()


@pytest.mark.parametrize("key", ["", "short", FIRST[:-1] + "g"])
def test_what_is_no_key_is_refused_with_the_remedy(
    key: str, tmp_path: Path, running_env: Mapping[str, str]
) -> None:
    run = TerraformRunner(stack("google", 1, tmp_path / "first"), tmp_path / "work", running_env)
    give(run, key)
    run.init()
    with pytest.raises(TerraformError, match="It needs 64 hexadecimal digits"):
        run.plan()
