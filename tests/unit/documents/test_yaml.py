"""A YAML file becomes plain Python with a place for everything, or findings."""

from __future__ import annotations

import pytest
from support.documents import source

from trunkline.documents.document import Document
from trunkline.documents.findings import Problem
from trunkline.documents.source import UnreadableError
from trunkline.documents.yaml import MAX_VALUES, parse_yaml


def document(text: str) -> Document:
    return parse_yaml(source(text))


def refused(text: str) -> list[str]:
    with pytest.raises(UnreadableError) as caught:
        document(text)
    return [str(finding) for finding in caught.value.findings]


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


def test_many_values_are_fine_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.documents.yaml.MAX_VALUES", 500)
    assert document("[" + "1," * 499 + "]").findings == ()
    assert "more than 500 values" in refused("[" + "1," * 500 + "]")[0]


@pytest.mark.parametrize("text", ["a: &a [*a]", "&a {b: *a}", "[" * 500, "{a: " * 500])
def test_depth_is_bounded(text: str) -> None:
    assert "deep" in refused(text)[0]


def test_directives_would_change_what_values_mean() -> None:
    assert "directive" in refused("# c\n\n%YAML 1.1\n---\na: yes\n")[0]
    assert document("a: 5 %\n").data == {"a": "5 %"}


def test_characters_that_yaml_does_not_allow_are_named() -> None:
    assert refused("a: b\nc: \x07") == [
        "f:2:4: thing: character U+0007 may not stand in a text file; delete it"
    ]


@pytest.mark.parametrize("text", ["", "\n \n", "# only a comment"])
def test_an_empty_file_says_what_to_do_with_it(text: str) -> None:
    assert refused(text) == ["f:1:1: thing: the file is empty; start from an example"]


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
    loaded = document("1: a\ntrue: b\n? [x]\n: c\n<<: {d: e}\n: f\n'': g\n")
    assert len(loaded.findings) == 6
    assert loaded.data == {"1": "a", "true": "b", "null": "f"}
