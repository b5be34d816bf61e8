from __future__ import annotations

import pytest

from trunkline.documents.findings import Problem
from trunkline.documents.source import Source, UnreadableError
from trunkline.documents.yaml import MAX_VALUES, Document, load_document


def document(text: str) -> Document:
    return load_document(Source("f", text))


def refused(text: str) -> list[str]:
    with pytest.raises(UnreadableError) as caught:
        document(text)
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("+7", 7),
        ("-7", -7),
        ("0123", 123),
        ("1_000", 1000),
        ("-_", "-_"),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 5000, "0x" + "f" * 5000),
        ("1.5", 1.5),
        ("-.inf", float("-inf")),
        ("1e3", 1000.0),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("1.2.3.4", "1.2.3.4"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int x", "x"),
        ("!!int ''", ""),
        ("!!bool maybe", "maybe"),
        ("!!null x", "x"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\/"', "/"),
    ],
)
def test_scalars_are_of_yaml_1_2(text: str, value: object) -> None:
    loaded = document(f"a: {text}")
    assert loaded.data == {"a": value}
    assert type(loaded.data["a"]) is type(value)
    assert loaded.findings == []


def test_places_of_keys_and_values() -> None:
    loaded = document("a:\n  - x: 1\n    y:\n  - 2\nb: {c: d}\n")
    places = {
        ("a",): (1, 1),
        ("a", 0): (2, 5),
        ("a", 0, "x"): (2, 8),
        ("a", 0, "y"): (3, 5),
        ("a", 1): (4, 5),
        ("b",): (5, 1),
        ("b", "c"): (5, 8),
        ("b", "nowhere", "deeper"): (5, 1),
    }
    for path, place in places.items():
        finding = loaded.finding(Problem(path, "", ""))
        assert (finding.line, finding.column) == place, path
    at_key = loaded.finding(Problem(("b", "c"), "", "", at_key=True))
    assert (at_key.line, at_key.column) == (5, 5)


def test_written_form_is_kept() -> None:
    loaded = document("a: 0123\nb: [x]\n")
    assert loaded.written(("a",)) == "0123"
    assert loaded.written(("b",)) is None
    assert loaded.line(("b", 0)) == 2


def test_every_duplicate_key_is_found_and_the_first_counts() -> None:
    loaded = document("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n  'c': 3\n")
    assert [(f.line, f.column, f.path) for f in loaded.findings] == [
        (2, 1, "a"),
        (5, 3, "b.c"),
        (6, 3, "b.c"),
    ]
    assert loaded.data == {"a": 1, "b": {"c": 1}}


def test_aliases_are_expanded() -> None:
    assert document("a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.filterwarnings("error")
def test_aliases_may_share_a_name() -> None:
    assert document("a: &x 1\nb: &x 2\nc: *x\n").data["c"] == 2


def test_alias_bomb_is_refused_quickly() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for one, two in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{two}: &{two} [{', '.join([f'*{one}'] * 9)}]")
    assert f"more than {MAX_VALUES} values" in refused("\n".join(lines))[0]


def test_many_values_are_fine_up_to_the_limit() -> None:
    assert document("[" + "1," * (MAX_VALUES - 1) + "]").findings == []
    assert "more than" in refused("[" + "1," * MAX_VALUES + "]")[0]


@pytest.mark.parametrize("text", ["a: &a [*a]", "&a {b: *a}", "[" * 500, "{a: " * 500])
def test_depth_is_bounded(text: str) -> None:
    assert "deep" in refused(text)[0]


def test_tabs_are_named_line_by_line() -> None:
    assert [line[:4] for line in refused("a:\n\tb: 1\n  c: 2\n \td: 1\n")] == ["f:2:", "f:4:"]


def test_tab_elsewhere() -> None:
    assert refused("a:\tb\n") == ["f:1:3: topology: a tab stands here; use spaces"]


def test_directives_would_change_what_values_mean() -> None:
    assert "directive" in refused("# c\n\n%YAML 1.1\n---\na: yes\n")[0]
    assert document("a: 5 %\n").data == {"a": "5 %"}


def test_comments_on_old_mac_lines_take_no_time() -> None:
    assert "empty" in refused("#\r" * 5000)[0]


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', 'a: "\\xZZ"', "a: !foo!x 1", "!!map", "&a"])
def test_what_ruamel_trips_over(text: str) -> None:
    try:
        assert document(text).findings or document(text).data is None
    except UnreadableError as error:
        assert error.findings


@pytest.mark.parametrize("tag", ["!Ref", "!!binary", "!!python/object:os.system", "!<x>"])
def test_tags_are_refused(tag: str) -> None:
    (finding,) = document(f"a: {tag} b").findings
    assert "tag" in finding.message


def test_keys_are_text() -> None:
    loaded = document("1: a\ntrue: b\n? [x]\n: c\n<<: {d: e}\n: f\n")
    assert len(loaded.findings) == 5
    assert loaded.data == {"1": "a", "true": "b", "null": "f"}
