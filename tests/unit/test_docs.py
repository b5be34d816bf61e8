"""What the Markdown files say of other files, and the topologies that they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts.reference.markdown import anchor
from support.examples import ROOT
from support.guides import GUIDES, blocks

from trunkline.topology import check_text
from trunkline.topology.checks.placeholders import LEFT_IN

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in _HEADING.findall(_FENCED.sub("", page.read_text()))}


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in _LINK.findall(page.read_text()):
        name, _, place = target.partition("#")
        if name.startswith(("http://", "https://")):
            continue
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (place and place not in anchors(file)):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_or_heading_of_ours_leads_there(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_topologies_in_a_guide_are_valid(guide: Path) -> None:
    shown = [block.text for block in blocks(guide) if block.words.startswith("topology.")]
    for text in shown:
        topology, findings = check_text(text, guide.name)
        assert topology is not None, findings
        assert [each for each in findings if not each.message.endswith(LEFT_IN)] == []


def test_the_index_of_the_documentation_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in _LINK.findall(index.read_text())}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert pages - {index} - linked == set()


def test_the_tree_in_contributing_names_every_package() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    tree = re.findall(r"^ {8}([a-z_]+)/ ", text.split("    scripts/")[0], re.MULTILINE)
    package = ROOT / "constructs" / "trunkline"
    assert sorted(tree) == sorted(file.parent.name for file in package.glob("*/__init__.py"))
