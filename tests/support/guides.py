"""The fenced blocks of the guides in docs/guides, for the tests that run them.

    sh runnable         commands that a test runs, in their order
    yaml topology.yaml  a file as it is from here on
    text printed        lines that the commands before have printed
    sh application      commands of an application in a site's network, which the rehearsal runs

Other blocks are only shown.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from support.examples import ROOT

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))

_FENCE = re.compile(r"^( *)```(\w*) ?([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """A fenced block: its language, the words after it, and its text."""

    language: str
    words: str
    text: str


def blocks(guide: Path) -> Iterator[Block]:
    """Every fenced block of a guide, in order."""
    for _indent, language, words, text in _FENCE.findall(guide.read_text(encoding="utf-8")):
        yield Block(language, words, textwrap.dedent(text))
