"""The schemas say what they want in words, and everything that they refuse is named once."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta
from support.documents import OUTPUT, source

from trunkline.documents.document import Document
from trunkline.documents.explain import _EXPLAIN
from trunkline.documents.findings import KeyPath, Problem
from trunkline.documents.formats import FORMATS
from trunkline.documents.json import parse_json
from trunkline.documents.schema import check_schema, find_problems, load_schema, schema_path
from trunkline.documents.source import UnreadableError
from trunkline.documents.yaml import parse_yaml

ROOT = Path(__file__).parents[3]
STRUCTURE = {
    "$schema", "$id", "$ref", "$defs", "title", "description", "type", "properties", "default",
    "examples", "otherNames", "patternErrorMessage", "items", "propertyNames", "allOf", "if",
    "then",
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


NAMES = ("topology", "measurements", "nodes", "catalogue", "bench")
NODES = {name: dict(subschemas(load_schema(name))) for name in NAMES}
ALL = [(f"{name}:{path}", node) for name in NAMES for path, node in NODES[name].items()]


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid(name: str) -> None:
    meta.validate(dict(load_schema(name)))


def test_every_property_is_described_with_an_example() -> None:
    for path, node in ALL:
        if "$ref" in node or path.endswith("propertyNames"):
            continue
        whole = path.endswith(":")
        assert whole or node["description"].endswith((".", "]", "aws.", "cloud.")), path
        assert whole or node.get("examples"), path


@pytest.mark.parametrize("name", NAMES)
def test_examples_and_defaults_fit(name: str) -> None:
    for path, node in NODES[name].items():
        validator = Draft202012Validator({**node, "$defs": load_schema(name)["$defs"]})
        defaults = [node["default"]] if "default" in node else []
        for value in (*node.get("examples", ()), *defaults):
            assert validator.is_valid(value), path


def test_every_pattern_says_what_it_wants() -> None:
    for path, node in ALL:
        if "pattern" in node:
            re.compile(node["pattern"])
            assert node["patternErrorMessage"].startswith("must "), path


def test_objects_are_closed() -> None:
    for path, node in ALL:
        if node.get("type") == "object" and path != "topology:/site":
            assert "additionalProperties" in node, path


def test_every_keyword_has_its_words() -> None:
    used = {key for _, node in ALL for key in node}
    assert used - STRUCTURE | {"type"} <= set(_EXPLAIN)


def test_every_format_is_checked() -> None:
    assert {node["format"] for _, node in ALL if "format" in node} == set(FORMATS)


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_found_in_the_checkout_and_packed_for_the_wheel(name: str) -> None:
    assert schema_path(name) == ROOT / "schemas" / f"{name}.schema.json"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert packed[f"schemas/{name}.schema.json"] == f"trunkline/schemas/{name}.schema.json"


def test_schema_in_the_wheel_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trunkline.documents import schema as module

    packed = tmp_path / "trunkline" / "schemas" / "topology.schema.json"
    packed.parent.mkdir(parents=True)
    packed.write_text("{}")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "trunkline" / "documents" / "schema.py"))
    assert module.schema_path("topology") == packed


def test_examples_name_the_schema_for_editors() -> None:
    for file in (ROOT / "topologies").glob("*.yaml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../schemas/topology.schema.json"


@pytest.mark.parametrize("name", NAMES)
def test_schema_file_is_formatted(name: str) -> None:
    text = schema_path(name).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


SMALL = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 3, "pattern": "^[a-z]+$"},
        "host": {"type": "string", "format": "hostname"},
        "ports": {
            "maxProperties": 3,
            "description": "Ports.",
            "propertyNames": {"maxLength": 5},
            "additionalProperties": {"type": "integer"},
        },
        "list": {"type": "array", "uniqueItems": True, "items": {"type": ["number", "null"]}},
        "deep": {},
    },
}


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A schema of the name `small`."""
    from trunkline.documents import schema as module

    (tmp_path / "small.schema.json").write_text(json.dumps(SMALL))
    real = module.schema_path

    def path_of(name: str) -> Path:
        return tmp_path / "small.schema.json" if name == "small" else real(name)

    monkeypatch.setattr(module, "schema_path", path_of)


def checked(text: str) -> tuple[list[tuple[KeyPath, str]], Any]:
    """The paths and messages of problems in a YAML text, and the data without what is refused."""
    problems, data = check_schema(parse_yaml(source(text)), "small")
    return [(problem.path, problem.message) for problem in problems], data


def test_what_fits_has_no_problem_and_stays_as_it_is() -> None:
    text = "{name: abc, host: a.example, ports: {web: 80}, list: [1, null], deep: [{}]}"
    data: dict[str, Any] = {
        "name": "abc",
        "host": "a.example",
        "ports": {"web": 80},
        "list": [1, None],
        "deep": [{}],
    }
    assert checked(text) == ([], data)


def test_every_refused_value_is_named_and_becomes_none() -> None:
    found, data = checked("{name: 5, host: b, list: [x, 1], ports: {web: x}}")
    assert [path for path, _ in found] == [("name",), ("host",), ("list", 0), ("ports", "web")]
    assert data == {"name": None, "host": None, "list": [None, 1], "ports": {"web": None}}


def test_what_is_inside_a_refused_value_goes_with_it() -> None:
    found, data = checked("{name: abc, ports: {a: 1, b: 2, c: x, d: 4}}")
    assert [path for path, _ in found] == [("ports",), ("ports", "c")]
    assert data == {"name": "abc", "ports": None}


def test_a_value_that_breaks_two_rules_is_one_mistake() -> None:
    assert checked("name: ABCDE")[0] == [(("name",), '"ABCDE" does not fit')]


def test_a_name_comes_before_what_it_names() -> None:
    found, _ = checked("{name: abc, ports: {toolong: x}}")
    assert [path for path, _ in found] == [("ports", "toolong")] * 2
    assert found[0][1] == 'the name "toolong" has 7 characters'


def test_parts_that_are_wrong_leave_the_rest() -> None:
    found, data = checked("{nam: x, list: [1, 2, 1]}")
    assert [message for _, message in found] == [
        'the key "nam" is unknown',
        "1 stands in the list twice",
    ]
    assert data == {"nam": "x", "list": [1, 2, 1]}


def test_a_file_of_another_type_leaves_nothing() -> None:
    assert checked("[x]") == ([((), "a list stands where a mapping belongs")], None)


@pytest.mark.parametrize("key", ["7", "007", "+7", "a/b", "~0", "%20"])
def test_any_key_is_found_again(key: str) -> None:
    found, _ = checked(f"{{name: abc, ports: {{'\u0667': 1, '{key}': x}}}}")
    assert [path for path, _ in found] == [("ports", key)]


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
def test_an_endless_number_is_not_taken_for_null(number: str) -> None:
    (problem,) = check_schema(
        parse_yaml(source(f"{{name: abc, ports: {{a: {number}}}}}")), "small"
    )[0]
    assert problem.message == f"{number} stands where a whole number belongs"


def json_problems(value: object) -> list[Problem]:
    document: Document = parse_json(source(json.dumps(value), OUTPUT))
    return list(find_problems(document, "small"))


def test_a_large_file_is_checked_against_the_same_schema() -> None:
    (problem,) = json_problems({"name": "abc", "ports": {"web": 1.5}})
    assert (problem.path, problem.remedy) == (("ports", "web"), "make it anew")


def test_a_file_that_is_too_deep_for_the_validator_says_so() -> None:
    value: Any = 1
    for _ in range(400):
        value = [value]
    with pytest.raises(UnreadableError, match="f:1:1: output: values nest too deeply; make it ag"):
        json_problems({"deep": value})


def test_numbers_of_any_length_are_checked() -> None:
    assert json_problems({"name": "abc", "ports": {"a": 10**400}}) == []
    assert [problem.path for problem in json_problems({"name": 10**4000})] == [("name",)]
