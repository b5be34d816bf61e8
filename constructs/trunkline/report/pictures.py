"""The pictures of a report, each as an SVG file of its own, for a README or a wiki."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trunkline.documents.write import write_changed
from trunkline.report.build import Page
from trunkline.report.parts import Picture
from trunkline.report.render import style

# What the page around a drawing gives it.
_ALONE = "svg { font: 12px system-ui, sans-serif; background: var(--paper); }"


def write_pictures(page: Page, folder: Path) -> list[Path]:
    """Write every picture into `folder`, under the name of its table; returns the files.

    The folder is made. Raises OutputError where a file cannot be written.
    """
    return [_write(picture, folder) for picture in _pictures(page)]


def standalone(picture: Picture) -> str:
    """The drawing with its colours, light and dark, as a file that needs nothing else."""
    opening, rest = str(picture.svg).split(">", 1)
    opening = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f"{opening}><style>{style()}{_ALONE}</style>{rest}\n"


def _pictures(page: Page) -> Iterator[Picture]:
    for section in page.sections:
        yield from section.pictures


def _write(picture: Picture, folder: Path) -> Path:
    path = folder / f"{picture.table.name}.svg"
    write_changed(path, standalone(picture).encode(), "choose another folder")
    return path
