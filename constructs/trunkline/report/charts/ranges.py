"""Distributions, a row for each: from the least to p99, thick from the median to p90."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from markupsafe import Markup

from trunkline.report.charts.heatmap import three_digits
from trunkline.report.charts.scale import LogScale
from trunkline.report.charts.svg import CHARACTER, box, cut, element, line, text

ROW, TOP, BOTTOM = 21, 32, 12
PLOT, LABEL, RIGHT = 430, 360, 170


@frozen(kw_only=True)
class Spread:
    """A distribution: its name, its figures, and a remark.

    - `marked`: whether it stands out.
    """

    name: str
    median: float
    low: float | None = None
    p90: float | None = None
    p99: float | None = None
    remark: str = ""
    marked: bool = False

    @property
    def figures(self) -> list[float]:
        """All that is known."""
        return [each for each in (self.low, self.median, self.p90, self.p99) if each is not None]


@frozen
class AxisUnit:
    """What figures are in; `center` is the one that others lie around, if there is such a one."""

    name: str
    center: float | None = None


MILLISECONDS, RATIO = AxisUnit("ms"), AxisUnit("ratio", 1.0)


def ranges(
    spreads: Sequence[Spread], unit: AxisUnit = MILLISECONDS
) -> tuple[tuple[float, float], list[Markup]]:
    """The size, and the parts."""
    label = min(max(len(each.name) for each in spreads) * CHARACTER + 14, LABEL)
    figures = [figure for each in spreads for figure in each.figures]
    figures += [unit.center] if unit.center else []
    scale = LogScale.around(figures, label, label + PLOT)
    height = TOP + ROW * len(spreads) + BOTTOM
    parts = [*_axis(scale, height, unit)]
    for number, spread in enumerate(spreads):
        parts += _row(spread, scale, TOP + ROW * number + ROW / 2, label)
    return (label + PLOT + RIGHT, height), parts


def _axis(scale: LogScale, height: float, unit: AxisUnit) -> Iterator[Markup]:
    for tick in scale.ticks:
        x = scale.at(tick)
        style = "grid center" if tick == unit.center else "grid"
        yield line(x, TOP - 6, x, height - BOTTOM, style)
        yield text(x, TOP - 13, f"{tick:g}", "small", text_anchor="middle")
    yield text(scale.end + 14, TOP - 13, unit.name, "small")


def _row(spread: Spread, scale: LogScale, y: float, label: float) -> Iterator[Markup]:
    style = "label chosen" if spread.marked else "label"
    yield text(label - 12, y + 4, cut(spread.name, label - 12), style, text_anchor="end")
    middle = scale.at(spread.median)
    start = scale.at(spread.low) if spread.low is not None else middle
    end = scale.at(spread.p99) if spread.p99 is not None else middle
    tone = " marked" if spread.marked else ""
    yield line(start, y, end, y, f"whisker{tone}")
    if spread.p90 is not None:
        yield box(middle, y - 3.5, max(scale.at(spread.p90) - middle, 1), 7, f"band{tone}")
    yield element("circle", cx=middle, cy=y, r=3.6, class_=f"dot{tone}")
    words = f"{three_digits(spread.median)}{spread.remark}"
    yield text(scale.end + 14, y + 4, words, style)
