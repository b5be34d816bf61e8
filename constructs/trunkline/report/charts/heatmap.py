"""Round trips between zones as a heatmap, on a logarithmic scale of colours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from markupsafe import Markup

from trunkline.placement.colors import as_hex, color, ink
from trunkline.placement.heatmap import Heatmap
from trunkline.report.charts.scale import LogScale
from trunkline.report.charts.svg import CHARACTER, box, cut, element, text

CELL, DENSE, GAP = 43, 18, 6
MOST_WITH_FIGURES = 20
LABEL = 240  # pixels at most
LEGEND = 66
STEPS = 36


def heatmap_parts(view: Heatmap) -> tuple[tuple[float, float], list[Markup]]:
    """The size, and the parts."""
    drawn = _Drawing(view)
    return (drawn.width, drawn.height), list(drawn.parts())


class _Drawing:
    def __init__(self, view: Heatmap) -> None:
        self.view = view
        self.cell = CELL if len(view.labels) <= MOST_WITH_FIGURES else DENSE
        self.scale = LogScale.around(view.figures)
        self.label = min(max(map(len, view.labels), default=1) * CHARACTER + 12, LABEL)
        sizes = [count * self.cell + GAP for _, count in view.groups]
        starts = [0, *accumulate(sizes)]
        self.offsets = [
            start + number * self.cell
            for start, (_, count) in zip(starts, view.groups, strict=False)
            for number in range(count)
        ]
        self.side = starts[-1] - GAP
        self.top = self.label * 0.72 + 14
        self.width = max(self.label + self.side + self.label * 0.72 + 8, self.label + 420)
        self.height = self.top + self.side + LEGEND

    def parts(self) -> Iterator[Markup]:
        for offset, label, chosen in self._zones():
            middle, style = offset + self.cell / 2, "label chosen" if chosen else "label"
            words = cut(label, self.label)
            y = self.top + middle + 4
            yield text(self.label - 8, y, words, style, text_anchor="end")
            x, base = self.label + middle + 3, self.top - 7
            yield text(x, base, words, style, transform=f"rotate(-45 {x:.1f} {base:.1f})")
        for y, row, here in zip(self.offsets, self.view.cells, self.view.labels, strict=True):
            for x, figure, there in zip(self.offsets, row, self.view.labels, strict=True):
                if here != there:
                    yield from self._cell(x, y, figure, f"{here} to {there}")
        yield from self._frames()
        yield from self._legend()

    def _zones(self) -> Iterator[tuple[float, str, bool]]:
        yield from zip(self.offsets, self.view.labels, self.view.chosen, strict=True)

    def _cell(self, x: float, y: float, figure: float | None, ends: str) -> Iterator[Markup]:
        size = self.cell - 1
        x, y = self.label + x, self.top + y
        if figure is None:
            yield box(x, y, size, size, "missing")
            return
        background = color(self.scale.at(figure))
        note = element("title", f"{ends}: {figure:.3f} ms")
        place = {"x": x, "y": y, "width": size, "height": size}
        yield element("rect", note, **place, fill=as_hex(background))
        if self.cell == CELL:
            middle, base = x + size / 2, y + size / 2 + 4
            yield text(middle, base, three_digits(figure), "figure", fill=ink(background))

    def _frames(self) -> Iterator[Markup]:
        """A frame around each cell between two chosen zones."""
        chosen = [offset for offset, _, is_chosen in self._zones() if is_chosen]
        for y in chosen:
            for x in chosen:
                if x != y:
                    size = self.cell - 2
                    yield box(self.label + x + 0.5, self.top + y + 0.5, size, size, "frame")

    def _legend(self) -> Iterator[Markup]:
        y, width = self.top + self.side + 18, 216.0
        step = width / STEPS
        for number in range(STEPS):
            fill = as_hex(color(number / (STEPS - 1)))
            x = self.label + number * step
            yield element("rect", x=x, y=y, width=step + 0.4, height=12, fill=fill)
        below = y + 28
        yield text(self.label, below, f"{three_digits(self.scale.low)} ms", "small")
        far = f"{three_digits(self.scale.high)} ms, logarithmic"
        yield text(self.label + width, below, far, "small", text_anchor="end")
        x = self.label + width + 24
        if any(self.view.chosen):
            yield box(x + 0.5, y + 0.5, 11, 11, "frame")
            yield text(x + 19, y + 10, "between chosen zones", "small")
        if any(None in row[:at] + row[at + 1 :] for at, row in enumerate(self.view.cells)):
            yield box(x + 0.5, y + 18.5, 11, 11, "missing")
            yield text(x + 19, y + 28, "not measured", "small")


def three_digits(figure: float) -> str:
    """What fits in a cell: 0.47, 12.3, 123."""
    return f"{figure:.2f}" if figure < 10 else f"{figure:.1f}" if figure < 100 else f"{figure:.0f}"
