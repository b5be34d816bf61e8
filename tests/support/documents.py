"""Kinds of files for the readers, and sources made of text."""

from __future__ import annotations

from trunkline.documents.source import FileKind, Source

THING = FileKind("thing", max_bytes=256 * 1024, remedy="start from an example")
OUTPUT = FileKind("output", max_bytes=256 * 1024, remedy="make it again", repair="make it anew")


def source(text: str, kind: FileKind = THING) -> Source:
    """A source of the file `f`."""
    return Source("f", text, kind)
