"""The HTML file: whole, escaped, and closed to anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from attrs import define, evolve, field
from support.examples import ROOT
from support.measured import all_pairs, measurements, zone

from trunkline.measurements import Measurements
from trunkline.model import Topology
from trunkline.report.build import Known, build
from trunkline.report.costs import costs_of
from trunkline.report.pictures import write_pictures
from trunkline.report.render import render
from trunkline.topology import load

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>'\"&"


@define
class Tags(HTMLParser):
    """Every start tag with its attributes."""

    found: list[tuple[str, dict[str, str | None]]] = field(factory=list)

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def html(topology: Topology, *files: Measurements) -> str:
    known = Known(
        topology=topology,
        file="t.yaml",
        measurements=files,
        costs=costs_of(topology),
        moment=datetime(2026, 11, 28, 5, tzinfo=UTC),
    )
    return render(build(known))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.found


def three() -> Topology:
    return load(ROOT / "topologies" / "three-clouds.yaml")


def hostile() -> str:
    sites = (evolve(three().sites[0], name=HOSTILE, zone=HOSTILE, zones=[HOSTILE], spares=[]),)
    wanted = three()
    route = evolve(wanted.routing.routes[0], prefix=f"/{HOSTILE}", site=HOSTILE, failover=())
    routing = evolve(wanted.routing, hostname=HOSTILE, routes=(route,))
    wanted = evolve(wanted, name=HOSTILE, sites=sites, routing=routing)
    zones = [zone("aws", HOSTILE, physical_zone=HOSTILE), zone("google", HOSTILE)]
    return html(wanted, measurements(zones, all_pairs(zones, lambda *_: 9.0), topology=HOSTILE))


def test_hostile_names_become_text_alone() -> None:
    found = tags(hostile())
    assert not {"script", "img"} & {tag for tag, _ in found}
    assert not [name for _, given in found for name in given if name.startswith("on")]


def test_the_policy_lets_in_nothing_but_its_own_style() -> None:
    text = html(three())
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [g["content"] for _, g in tags(text) if g.get("http-equiv")]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_nothing_in_it_is_elsewhere() -> None:
    zones = [zone("aws", "us-east-1a"), zone("google", "us-east4-a")]
    text = html(three(), measurements(zones, all_pairs(zones, lambda *_: 9.0)))
    for tag, given in tags(text):
        assert "src" not in given
        assert "style" not in given, "the policy refuses it"
        assert (given.get("href") or "#")[:5] in {"data:"} or (given.get("href") or "#")[0] == "#"
        assert tag not in {"script", "link", "iframe", "object"}
    assert "url(" not in text
    assert "@import" not in text


def test_every_picture_has_a_title_a_description_and_a_table() -> None:
    zones = [zone("aws", "us-east-1a"), zone("google", "us-east4-a")]
    text = html(three(), measurements(zones, all_pairs(zones, lambda *_: 9.0)))
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) > 8
    for figure in figures:
        names = [tag for tag, _ in tags(figure)]
        assert {"svg", "desc", "title", "details", "table"} <= set(names)
        assert any(given.get("download", "").endswith(".csv") for _, given in tags(figure))  # type: ignore[union-attr]


def test_ids_are_there_once() -> None:
    zones = [zone("aws", "us-east-1a"), zone("google", "us-east4-a")]
    file = measurements(zones, all_pairs(zones, lambda *_: 9.0))
    ids = [given["id"] for _, given in tags(html(three(), file, file)) if "id" in given]
    assert len(ids) == len(set(ids))


def test_what_is_not_known_is_left_out_with_a_sentence() -> None:
    text = html(load(ROOT / "topologies" / "local.yaml"))
    assert "Latency between zones: apply the probes stacks" in text
    assert "trunkline collect t.yaml" in text
    assert "Costs: what stands on this machine costs nothing" in text
    assert '<h2 id="cost"' not in text


def test_what_cannot_be_placed_is_said() -> None:
    zones = [zone("aws", "us-east-1a"), zone("aws", "us-east-1b")]
    text = html(three(), measurements(zones, []))
    assert "The choice of zones: measure zones of at least two sites" in text


def test_a_picture_alone_is_a_file_that_needs_nothing_else(tmp_path: Path) -> None:
    page = build(
        Known(topology=three(), file="three.yaml", measurements=[], costs=costs_of(three()))
    )
    written = write_pictures(page, tmp_path / "pictures")
    assert [path.name for path in written][:2] == ["sites.svg", "cost-1.svg"]
    for path in written:
        root = ElementTree.fromstring(path.read_text())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        styles = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}style")]
        assert "--paper" in styles[0], "its colours come with it"
