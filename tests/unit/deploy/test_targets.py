"""Which stacks a command is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.examples import THREE

from trunkline.deploy.targets import StackTarget, choose, required_variables, targets
from trunkline.errors import ConfigurationError
from trunkline.topology import load

ALL = targets(load(THREE), Path("cdktf.out"))
OLD = StackTarget(Path("cdktf.out/stacks/edge-old"))


def names(*only: str) -> list[str]:
    return [target.name for target in choose([*ALL, OLD], only)]


def test_without_names_all_are_meant() -> None:
    assert len(names()) == 10


def test_a_name_is_one_stack_and_a_kind_all_of_it() -> None:
    assert names("edge-aws") == ["edge-aws"]
    assert names("edge") == ["edge-aws", "edge-google", "edge-azure", "edge-old"]
    assert names("routing", "probes-aws") == ["probes-aws", "routing"]


def test_another_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError) as error:
        names("edge-awz")
    assert str(error.value).startswith(
        "--only: there is no stack 'edge-awz'; use zones, probes, edge, routing, zones-aws, "
    )


def test_the_variables_among_the_needs_are_found() -> None:
    by_name = {target.name: required_variables(target) for target in ALL}
    assert by_name["zones-aws"] == []
    assert by_name["edge-aws"] == ["CLOUDFLARE_API_TOKEN", "TF_VAR_edge_key"]
    assert required_variables(OLD) == []
