"""Bars of parts, one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from markupsafe import Markup

from trunkline.report.charts.svg import CHARACTER, box, cut, element, text

ROW, HEIGHT, PLOT, RIGHT, LABEL = 34, 20, 430, 110, 400
TONES = 6
"""The style sheet has so many colours for parts."""


@frozen
class Bar:
    """A bar: its name, its parts in order, the words at its end, and whether it stands out."""

    name: str
    parts: tuple[float, ...]
    words: str
    marked: bool = False


def bars(found: Sequence[Bar], names: Sequence[str]) -> tuple[tuple[float, float], list[Markup]]:
    """The size, and the drawing; `names` are those of the parts."""
    label = min(max(len(bar.name) for bar in found) * CHARACTER + 14, LABEL)
    longest = max(sum(bar.parts) for bar in found) or 1.0
    top = 34
    parts = [*legend(names, label)]
    for number, bar in enumerate(found):
        parts += _bar(bar, names, label, top + ROW * number, PLOT / longest)
    return (label + PLOT + RIGHT, top + ROW * len(found)), parts


def tone(number: int) -> str:
    """The class of the part with that number."""
    return f"tone{number % TONES + 1}"


def legend(names: Sequence[str], x: float) -> Iterator[Markup]:
    """The names of the parts, in one line from `x` on."""
    for number, name in enumerate(names):
        yield box(x, 5, 11, 11, tone(number))
        yield text(x + 17, 15, name, "small")
        x += legend_width([name])


def legend_width(names: Sequence[str]) -> float:
    """The width of a legend."""
    return sum(17 + len(name) * CHARACTER + 20 for name in names)


def _bar(bar: Bar, names: Sequence[str], x: float, y: float, pixels: float) -> Iterator[Markup]:
    style = "label chosen" if bar.marked else "label"
    base = y + HEIGHT / 2 + 4
    yield text(x - 12, base, cut(bar.name, x - 12), style, text_anchor="end")
    for number, part in enumerate(bar.parts):
        width = part * pixels
        note = element("title", f"{names[number]}: {part:.3f}")
        place = {"x": x, "y": y, "width": max(width - 1, 0.5), "height": HEIGHT}
        yield element("rect", note, **place, class_=tone(number))
        x += width
    yield text(x + 10, base, bar.words, style)
