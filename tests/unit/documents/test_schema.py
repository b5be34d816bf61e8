from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trunkline.documents.explain import _EXPLAIN
from trunkline.documents.formats import FORMATS
from trunkline.documents.schema import schema
from trunkline.topology import schema_path

ROOT = Path(__file__).parents[3]
STRUCTURE = {
    "$schema", "$id", "$ref", "$defs", "title", "description", "type", "properties", "default",
    "examples", "patternErrorMessage", "items", "propertyNames", "allOf", "if", "then",
}  # fmt: skip


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(node, dict):
        return
    yield path, node
    for key in ("properties", "$defs"):
        for name, child in node.get(key, {}).items():
            yield from subschemas(child, f"{path}/{name}")
    for key in ("items", "propertyNames", "additionalProperties"):
        yield from subschemas(node.get(key), f"{path}/{key}")


ALL = list(subschemas(schema()))


def test_schema_is_valid() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    ("path", "node"), [pair for pair in ALL if not pair[0].endswith("propertyNames")]
)
def test_every_property_is_described_with_an_example(path: str, node: dict[str, Any]) -> None:
    if "$ref" in node:
        return
    assert node["description"].endswith((".", "]", "aws.", "cloud.")) or path == ""
    assert node.get("examples") or path == ""


@pytest.mark.parametrize(("path", "node"), ALL)
def test_examples_and_defaults_fit(path: str, node: dict[str, Any]) -> None:
    whole = {**node, "$defs": schema()["$defs"]}
    for value in (*node.get("examples", ()), *([node["default"]] if "default" in node else ())):
        Draft202012Validator(whole).validate(value)


@pytest.mark.parametrize(("path", "node"), ALL)
def test_every_pattern_says_what_it_wants(path: str, node: dict[str, Any]) -> None:
    if "pattern" in node:
        re.compile(node["pattern"])
        assert node["patternErrorMessage"].startswith("must ")


@pytest.mark.parametrize(("path", "node"), ALL)
def test_objects_are_closed(path: str, node: dict[str, Any]) -> None:
    if node.get("type") == "object" and path != "/site":
        assert "additionalProperties" in node


def test_every_keyword_has_its_words() -> None:
    used = {key for _, node in ALL for key in node}
    assert used - STRUCTURE - {"type"} <= set(_EXPLAIN)


def test_every_format_is_checked() -> None:
    assert {node["format"] for _, node in ALL if "format" in node} == set(FORMATS)


def test_schema_is_found_in_the_checkout_and_packed_for_the_wheel() -> None:
    assert schema_path() == ROOT / "schemas" / "topology.schema.json"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packed["schemas/topology.schema.json"] == "trunkline/schemas/topology.schema.json"


def test_schema_in_the_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trunkline.documents import schema as module

    packed = tmp_path / "trunkline" / "schemas" / "topology.schema.json"
    packed.parent.mkdir(parents=True)
    packed.write_text("{}")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "trunkline" / "topology" / "schema.py"))
    assert module.schema_path() == packed


def test_examples_name_the_schema_for_editors() -> None:
    for file in (ROOT / "topologies").glob("*.yaml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../schemas/topology.schema.json"


def test_schema_file_is_formatted() -> None:
    text = schema_path().read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
