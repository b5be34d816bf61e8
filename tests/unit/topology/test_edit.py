"""The chosen zones of a topology file change, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.examples import ROOT

from trunkline.errors import OutputError
from trunkline.topology import load
from trunkline.topology.edit import choose_zones
from trunkline.topology.errors import TopologyError

THREE = (ROOT / "topologies" / "three-clouds.yaml").read_text()


def topology(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "topology.yaml"
    path.write_bytes(text.encode())
    return path


def test_only_the_zones_change(tmp_path: Path) -> None:
    path = topology(tmp_path, THREE)
    changed = choose_zones(path, {"aws": "us-east-1f", "google": "us-east4-a", "azure": "3"})
    assert changed == ["aws", "azure"]
    expected = THREE.replace("    zone: us-east-1a", "    zone: us-east-1f")
    assert path.read_text() == expected.replace('    zone: "1"', '    zone: "3"')
    assert load(path).site("azure").zone == "3"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("zone: us-east-1a", "zone: us-east-1b"),
        ("zone: us-east-1a # the cheap one", "zone: us-east-1b # the cheap one"),
        ("zone:   'us-east-1a'   # why", "zone:   'us-east-1b'   # why"),
        ('zone: "us-east-1a"', 'zone: "us-east-1b"'),
        ('"zone" : "us-east-1a"', '"zone" : "us-east-1b"'),
    ],
)
def test_comments_and_quotes_stay(tmp_path: Path, before: str, after: str) -> None:
    path = topology(tmp_path, THREE.replace("zone: us-east-1a", before))
    choose_zones(path, {"aws": "us-east-1b"})
    assert path.read_text() == THREE.replace("zone: us-east-1a", after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "zone: us-east-1a # why\n",
            "zone: us-east-1b # why\n    spares: [us-east-1c, us-east-1a]\n",
        ),
        (
            "zone: us-east-1a\n    spares:  ['us-east-1b'] # next\n",
            "zone: us-east-1b\n    spares:  ['us-east-1c', 'us-east-1a'] # next\n",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spares_are_replaced_or_added(tmp_path: Path, before: str, after: str, end: str) -> None:
    text = THREE.replace("zone: us-east-1a\n", before)
    path = topology(tmp_path, text.replace("\n", end))
    spares = {"aws": ["us-east-1c", "us-east-1a"]}
    assert choose_zones(path, {"aws": "us-east-1b"}, spares) == ["aws"]
    expected = THREE.replace("zone: us-east-1a\n", after).replace("\n", end)
    assert path.read_bytes() == expected.encode()
    assert choose_zones(path, {"aws": "us-east-1b"}, spares) == []


def test_azures_spares_have_quotes(tmp_path: Path) -> None:
    path = topology(tmp_path, THREE)
    assert choose_zones(path, {"azure": "1"}, {"azure": ["3"]}) == ["azure"]
    assert 'zone: "1"\n    spares: ["3"]\n' in path.read_text()


def test_spares_of_several_lines_are_an_error(tmp_path: Path) -> None:
    text = THREE.replace(
        "zone: us-east-1a\n", "zone: us-east-1a\n    spares:\n      - us-east-1b\n"
    )
    path = topology(tmp_path, text)
    with pytest.raises(TopologyError, match=r"sites\.aws\.spares: .*write them like \[a, b\]"):
        choose_zones(path, {"aws": "us-east-1a"}, {"aws": ["us-east-1c"]})
    assert path.read_text() == text


def test_line_ends_and_byte_order_mark_stay(tmp_path: Path) -> None:
    path = topology(tmp_path, "\ufeff" + THREE.replace("\n", "\r\n"))
    choose_zones(path, {"aws": "us-east-1b"})
    expected = THREE.replace("zone: us-east-1a", "zone: us-east-1b").replace("\n", "\r\n")
    assert path.read_bytes() == ("\ufeff" + expected).encode()


def test_flow_style_and_json_work(tmp_path: Path) -> None:
    text = (ROOT / "tests" / "schema" / "valid" / "compact.json").read_text()
    [site] = load(topology(tmp_path, text)).sites
    other = f"{site.region}-b"
    text = text.replace(f'["{site.zone}"]', f'["{site.zone}", "{other}"]')
    path = topology(tmp_path, text)
    choose_zones(path, {site.name: other})
    assert load(path).site(site.name).zone == other
    assert path.read_text() == text.replace(f'"zone":"{site.zone}"', f'"zone":"{other}"')
    choose_zones(path, {site.name: other}, {site.name: [site.zone]})
    assert f'"zone":"{other}", "spares": ["{site.zone}"]' in path.read_text()


@pytest.mark.parametrize(
    ("zones", "zone"),
    [
        ("[&a us-east-1a, us-east-1b]", "*a"),
        ("[us-east-1a, us-east-1b]", "&chosen us-east-1a"),
        ("[us-east-1a, us-east-1b]", "!!str us-east-1a"),
        ("[us-east-1a, us-east-1b]", "\n      us-east-1a"),
        ("[us-east-1a, us-east-1b]", ">-\n      us-east-1a"),
        ("[us-east-1a, us-east-1b]", '"us-east\\u002d1a"'),
    ],
)
def test_a_value_that_cannot_be_replaced_alone_is_an_error(
    tmp_path: Path, zones: str, zone: str
) -> None:
    start = THREE.index("    zones: [us-east-1a")
    end = THREE.index("    network:", start)
    text = f"{THREE[:start]}    zones: {zones}\n    zone: {zone}\n{THREE[end:]}"
    path = topology(tmp_path, text)
    load(path)
    with pytest.raises(TopologyError, match=r"sites\.aws\.zone: the zone is an alias"):
        choose_zones(path, {"aws": "us-east-1b"})
    assert path.read_text() == text


def test_a_result_that_is_not_valid_is_never_written(tmp_path: Path) -> None:
    path = topology(tmp_path, THREE)
    with pytest.raises(TopologyError, match=r"sites\.aws\.zone"):
        choose_zones(path, {"aws": "us-east-1z"})
    assert path.read_text() == THREE


def test_an_unknown_site_is_an_error(tmp_path: Path) -> None:
    path = topology(tmp_path, THREE)
    with pytest.raises(TopologyError, match="the site has no zone to change"):
        choose_zones(path, {"mars": "olympus-a"})


def test_the_same_zones_leave_the_file_alone(tmp_path: Path) -> None:
    path = topology(tmp_path, THREE)
    before = path.stat().st_mtime_ns
    assert choose_zones(path, {"aws": "us-east-1a"}) == []
    assert path.stat().st_mtime_ns == before


def test_a_file_that_cannot_be_written_is_unharmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = topology(tmp_path, THREE)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        choose_zones(path, {"aws": "us-east-1b"})
    assert [each.name for each in tmp_path.iterdir()] == ["topology.yaml"]
    assert path.read_text() == THREE
