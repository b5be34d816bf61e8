"""Whatever happens to a topology file: findings that name a line, or a topology. Never a traceback.

A seed makes the run repeatable. TRUNKLINE_MUTATIONS sets how many mutations the slow part tries.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from trunkline.model import Topology
from trunkline.topology import Finding, check_text

HERE = Path(__file__).parent
FILES = [*(HERE / "valid").glob("*.*"), *(HERE.parents[1] / "topologies").glob("*.yaml")]
TEXTS = [file.read_bytes().decode("utf-8-sig") for file in sorted(FILES) if file.suffix != ".pem"]
MUTATIONS = int(os.environ.get("TRUNKLINE_MUTATIONS", "2400"))
SEED = 20260117

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 8100, 70000, 1.5, 1e400, float("nan"), 10**400, "", " ", "a",
    "aws", "google", "azure", "enterprise", "origin_rules", "us-east-1", "us-east-1a", "0.0.0.0/0",
    "10.0.0.0/8", "10.10.0.0/16", "::/0", "http://[", "http://:0", "https://[::1]:99999", "/", "//",
    "/a/", "ü", "\u2028", "\x1b[31m", "a\nb", "api.example.com", ".", "*", "~", "<<", "é" * 300,
    [], [[]], [None], ["a", "a"], [1, "1", {}], {}, {"a": {}}, {"": None}, {"cidr": None},
    {"existing": None}, {"existing": {}}, {"existing": []}, {"local": None}, {"s3": {}}, "x" * 5000,
]  # fmt: skip
SNIPPETS = [
    "\t", "\n", "\r", "\r\n", " ", "  ", ":", ": ", "- ", "#", "'", '"', "[", "]", "{", "}", ",",
    "&a ", "*a", "!!str ", "!x ", "%", "@", "|", ">", "---\n", "...\n", "?", "<<: *a", "\\", "\0",
    "\ufeff", "\u2028", "\x85", "null", "~", "1", "0x1F", "0o17", ".inf", "-_", "\\ud800",
    '"\\U7fffffff"', "yes", "sites:", "aws:", "    zone: x\n", "&a [*a]", "!!int ''", "!!float x",
]  # fmt: skip


def check(text: str) -> None:
    topology, findings = check_text(text, "f.yaml")
    errors = [finding for finding in findings if finding.level == "error"]
    assert isinstance(topology, Topology) is not bool(errors)
    for finding in findings:
        assert_placed(finding, text)


def assert_placed(finding: Finding, text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert 1 <= finding.line <= len(lines)
    assert 1 <= finding.column <= len(lines[finding.line - 1]) + 2
    assert finding.message and finding.remedy
    assert "\n" not in str(finding) and str(finding).isprintable()
    str(finding).encode()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with one of its keys or indexes."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


def mutate_data(rng: random.Random) -> str:
    data = json.loads(json.dumps(YAML(typ="safe", pure=True).load(rng.choice(TEXTS))))
    for _ in range(rng.choice((1, 1, 2, 4))):
        spots = list(places(data))
        if not spots:
            break
        rng.choice(DATA_MUTATIONS)(rng, *rng.choice(spots), spots)
    return json.dumps(data)


def _set_odd(rng: random.Random, parent: Any, key: Any, _: Any) -> None:
    parent[key] = deepcopy(rng.choice(ODD))


def _set_other(rng: random.Random, parent: Any, key: Any, spots: Any) -> None:
    other, where = rng.choice(spots)
    parent[key] = json.loads(json.dumps(other[where])) if where in list(keys(other)) else None


def keys(container: Any) -> Any:
    return container if isinstance(container, dict) else range(len(container))


def _delete(_: random.Random, parent: Any, key: Any, __: Any) -> None:
    if key in list(keys(parent)):
        del parent[key]


def _rename(rng: random.Random, parent: Any, key: Any, _: Any) -> None:
    if isinstance(parent, dict) and key in parent:
        parent[key[:-1] + rng.choice("xé/.-_ ") if rng.random() < 0.7 else ""] = parent.pop(key)


DATA_MUTATIONS: tuple[Callable[..., None], ...] = (_set_odd, _set_odd, _set_other, _delete, _rename)


def mutate_text(rng: random.Random) -> str:
    text = rng.choice(TEXTS)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(text) + 1)
        cut = at + rng.choice((0, 0, 1, 3, 40))
        text = text[:at] + rng.choice((*SNIPPETS, "")) + text[cut:]
    return text


def mutate_lines(rng: random.Random) -> str:
    lines = rng.choice(TEXTS).splitlines(keepends=True)
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(3)
    if how == 0:
        lines[first], lines[second] = lines[second], lines[first]
    elif how == 1:
        lines.insert(first, lines[second])
    else:
        del lines[first]
    return "".join(lines)


@pytest.mark.parametrize("count", [200, pytest.param(MUTATIONS, marks=pytest.mark.slow)])
def test_mutations_never_end_in_a_traceback(count: int) -> None:
    rng = random.Random(SEED)
    for number in range(count):
        text = (mutate_data, mutate_text, mutate_lines)[number % 3](rng)
        try:
            check(text)
        except Exception as error:
            error.add_note(f"mutation {number}:\n{text}")
            raise


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    check(text)


ANY_DATA: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda values: st.lists(values) | st.dictionaries(st.text(max_size=20), values),
    max_leaves=20,
)


def check_everywhere(data: object) -> None:
    check(json.dumps({"sites": data, "routing": {"routes": data}, "tags": data}))


@settings(max_examples=25, deadline=None, database=None)
@given(ANY_DATA)
def test_any_data(data: object) -> None:
    check_everywhere(data)


@pytest.mark.slow
@settings(max_examples=400, deadline=None, database=None)
@given(ANY_DATA)
def test_much_more_of_any_data(data: object) -> None:
    check_everywhere(data)
