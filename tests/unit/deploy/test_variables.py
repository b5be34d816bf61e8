"""What Terraform gets of the operator's keys and environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.examples import THREE

from trunkline.deploy.keys import Keys, KeysError
from trunkline.deploy.targets import choose, targets
from trunkline.deploy.variables import check_variables, with_keys
from trunkline.errors import ConfigurationError
from trunkline.topology import load

STACKS = targets(load(THREE), Path())
KEYS = Keys({"probe_key": "ab" * 32, "edge_key": "cd" * 32})


def test_the_keys_of_the_file_count_and_not_those_of_an_older_shell(tmp_path: Path) -> None:
    KEYS.write(tmp_path / "keys.env")
    shell = {"TF_VAR_edge_key": "old", "TF_VAR_edge_key_previous": "older", "HOME": "/root"}
    assert with_keys(shell, tmp_path / "keys.env") == {"HOME": "/root", **KEYS.environment()}


def test_without_a_file_the_environment_counts(tmp_path: Path) -> None:
    assert with_keys({"TF_VAR_edge_key": "x"}, tmp_path / "none") == {"TF_VAR_edge_key": "x"}


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys.env").write_text("hello")
    with pytest.raises(KeysError, match="not a line of keys"):
        with_keys({}, tmp_path / "keys.env")


def test_every_missing_variable_is_named_with_its_stacks_and_remedy() -> None:
    with pytest.raises(ConfigurationError) as error:
        check_variables(choose(STACKS, ["edge-aws", "routing"]), {}, "t.yaml", Path("k.env"))
    assert str(error.value).splitlines() == [
        "nothing was begun; these are not set:",
        "  CLOUDFLARE_API_TOKEN, for edge-aws, routing: export CLOUDFLARE_API_TOKEN=...",
        "  TF_VAR_edge_key, for edge-aws, routing: make it with trunkline keys t.yaml --file k.env",
    ]


def test_what_is_set_is_not_missing() -> None:
    env = {**KEYS.environment(), "CLOUDFLARE_API_TOKEN": "x"}
    check_variables(STACKS, env, "t.yaml", Path("k.env"))
