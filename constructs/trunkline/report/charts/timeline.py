"""Figures over time: as columns of parts, or as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from markupsafe import Markup

from trunkline.report.charts.bars import legend, legend_width, tone
from trunkline.report.charts.scale import LinearScale
from trunkline.report.charts.svg import box, element, line, text

LEFT, TOP, WIDTH, HEIGHT, BOTTOM, RIGHT = 64, 40, 700, 200, 30, 40
LABELS = 6
Drawing = tuple[tuple[float, float], list[Markup]]


@frozen
class Series:
    """A figure for each interval; None where there is none."""

    name: str
    values: tuple[float | None, ...]


def columns(labels: Sequence[str], series: Sequence[Series]) -> Drawing:
    """A column for each interval, of the series one upon the other."""
    sums = [sum(each or 0 for each in values) for values in zip(*_values(series), strict=True)]
    y = LinearScale(max(sums) or 1.0, TOP + HEIGHT, TOP)
    wide = WIDTH / len(labels)
    parts = [*_frame(labels, series, y)]
    for place, values in enumerate(zip(*_values(series), strict=True)):
        base = 0.0
        for number, value in enumerate(values):
            if value:
                top, bottom = y.at(base + value), y.at(base)
                x, gap = LEFT + place * wide, min(1.0, wide / 5)
                parts.append(box(x, top, wide - gap, bottom - top, tone(number)))
                base += value
    return _size(series), parts


def lines(labels: Sequence[str], series: Sequence[Series]) -> Drawing:
    """A line for each series, which is broken where a figure is missing."""
    known = [value for each in series for value in each.values if value is not None]
    y = LinearScale(max(known, default=0) or 1.0, TOP + HEIGHT, TOP)
    parts = [*_frame(labels, series, y)]
    for number, each in enumerate(series):
        for piece in _pieces(each.values):
            points = [(LEFT + (place + 0.5) * WIDTH / len(labels), y.at(v)) for place, v in piece]
            parts += _piece(points, each.name, tone(number))
    return _size(series), parts


def _values(series: Sequence[Series]) -> list[tuple[float | None, ...]]:
    return [each.values for each in series]


def _size(series: Sequence[Series]) -> tuple[float, float]:
    width = max(WIDTH + RIGHT, legend_width([each.name for each in series]))
    return LEFT + width, TOP + HEIGHT + BOTTOM


def _frame(labels: Sequence[str], series: Sequence[Series], y: LinearScale) -> Iterator[Markup]:
    yield from legend([each.name for each in series], LEFT)
    for tick in y.ticks:
        yield line(LEFT, y.at(tick), LEFT + WIDTH, y.at(tick), "grid")
        yield text(LEFT - 8, y.at(tick) + 4, f"{tick:,g}", "small", text_anchor="end")
    step = -(-len(labels) // LABELS)
    for place in range(0, len(labels), step):
        x = LEFT + (place + 0.5) * WIDTH / len(labels)
        yield text(x, TOP + HEIGHT + 18, labels[place], "small", text_anchor="middle")


def _pieces(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    piece: list[tuple[int, float]] = []
    for place, value in enumerate((*values, None)):
        if value is not None:
            piece.append((place, value))
        elif piece:
            yield piece
            piece = []


def _piece(points: Sequence[tuple[float, float]], name: str, style: str) -> Iterator[Markup]:
    """A part of a line; a point that stands alone is a dot."""
    if len(points) == 1:
        [(x, y)] = points
        yield element("circle", element("title", name), cx=x, cy=y, r=2.5, class_=style)
        return
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield element("polyline", element("title", name), points=path, class_=f"curve {style}")
