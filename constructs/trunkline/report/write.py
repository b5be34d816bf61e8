"""Writes the report of a topology."""

from __future__ import annotations

from pathlib import Path

from trunkline.documents.write import write_whole
from trunkline.report.build import Known, Page, build
from trunkline.report.render import render


def write_report(known: Known, output: Path) -> tuple[Page, int]:
    """Write the HTML file, whole or not at all; returns its page and its size in bytes."""
    page = build(known)
    html = render(page).encode()
    write_whole(output, html)
    return page, len(html)
