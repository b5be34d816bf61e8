"""The heatmap as a self-contained SVG, without external fonts, scripts or styles."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import permutations

from trunkline.placement.colors import as_hex, color, ink
from trunkline.placement.heatmap import EMULATED, Heatmap

CELL = 44  # pixels, wide enough for 12.34
CHARACTER = 7.0  # pixels, at least the mean width of a character of 12 pixel text
TOP = 74
LEGEND = 78
GAP = 4  # between groups
EMPTY = "#e8e8e8"


def to_svg(heatmap: Heatmap) -> str:
    """The text of the file: title, matrix with its figures, and the scale of colours."""
    return "\n".join([*_Drawing(heatmap).lines(), ""])


class _Drawing:
    def __init__(self, heatmap: Heatmap) -> None:
        self.heatmap = heatmap
        self.margin = 24 + CHARACTER * max(map(len, heatmap.labels))
        self.offsets = list(_offsets(heatmap))
        self.side = self.offsets[-1] + CELL
        self.top = TOP + (22 if heatmap.emulated else 0) + self.margin * 0.72
        self.width = max(self.margin + self.side + self.margin * 0.72, 760)
        self.height = self.top + self.side + LEGEND

    def lines(self) -> Iterator[str]:
        """The elements, in the order in which they are drawn."""
        size = f'width="{self.width:.0f}" height="{self.height:.0f}"'
        box = f'viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} font-family="sans-serif"'
        yield ' font-size="12" role="img">'
        yield f"<title>{escape(self.heatmap.title)}</title>"
        yield f'<rect width="{self.width:.0f}" height="{self.height:.0f}" fill="#ffffff"/>'
        yield _text(24, 30, self.heatmap.title, 'font-size="18" font-weight="bold"')
        yield _text(24, 50, f"{self.heatmap.subtitle}; from row to column")
        if self.heatmap.emulated:
            yield _text(24, 72, EMULATED, 'fill="#b00020" font-weight="bold"')
        yield from self._labels()
        yield from self._cells()
        yield from self._legend()
        yield "</svg>"

    def _labels(self) -> Iterator[str]:
        for offset, label, chosen in zip(
            self.offsets, self.heatmap.labels, self.heatmap.chosen, strict=True
        ):
            middle = offset + CELL / 2
            y = self.top + middle + 4
            weight = ' font-weight="bold"' if chosen else ""
            yield _text(self.margin - 8, y, label, f'text-anchor="end"{weight}')
            x = self.margin + middle
            turn = f'transform="rotate(-45 {x:.1f} {self.top - 8:.1f})"{weight}'
            yield _text(x, self.top - 8, label, turn)

    def _cells(self) -> Iterator[str]:
        names = self.heatmap.labels
        for y, (row, start) in zip(
            self.offsets, zip(self.heatmap.cells, names, strict=True), strict=True
        ):
            for x, value, end in zip(self.offsets, row, names, strict=True):
                if start != end:
                    yield from self._cell(self.margin + x, self.top + y, value, f"{start} to {end}")
        yield from self._frames()
        yield from self._groups()

    def _frames(self) -> Iterator[str]:
        """A frame around each cell between two chosen zones."""
        chosen = [
            offset
            for offset, is_chosen in zip(self.offsets, self.heatmap.chosen, strict=True)
            if is_chosen
        ]
        for y, x in permutations(chosen, 2):
            box = f'x="{self.margin + x + 1:.1f}" y="{self.top + y + 1:.1f}"'
            size = f'width="{CELL - 3}" height="{CELL - 3}"'
            yield f'<rect {box} {size} fill="none" stroke="#d00000" stroke-width="3"/>'

    def _cell(self, x: float, y: float, value: float | None, ends: str) -> Iterator[str]:
        background = color(self.heatmap.share(value)) if value is not None else None
        fill = as_hex(background) if background else EMPTY
        figure = "no figure" if value is None else f"{value:.3f} ms"
        position = f'x="{x:.1f}" y="{y:.1f}" width="{CELL - 1}" height="{CELL - 1}"'
        yield f'<rect {position} fill="{fill}"><title>{escape(ends)}: {figure}</title></rect>'
        if value is not None and background:
            style = f'text-anchor="middle" pointer-events="none" fill="{ink(background)}"'
            yield _text(x + (CELL - 1) / 2, y + CELL / 2 + 4, _short(value), style)

    def _groups(self) -> Iterator[str]:
        """The cloud and region of each group, to the right of its rows."""
        first = 0
        for name, count in self.heatmap.groups:
            middle = (self.offsets[first] + self.offsets[first + count - 1] + CELL) / 2
            yield _text(self.margin + self.side + 8, self.top + middle + 4, name, 'fill="#555555"')
            first += count

    def _legend(self) -> Iterator[str]:
        y, width, steps = self.top + self.side + 24, 240, 60
        for step in range(steps):
            x = self.margin + step * width / steps
            fill = as_hex(color(step / (steps - 1)))
            box = f'x="{x:.1f}" y="{y:.1f}" width="{width / steps + 0.5:.1f}" height="14"'
            yield f'<rect {box} fill="{fill}"/>'
        below = y + 30
        yield _text(self.margin, below, f"{self.heatmap.minimum:.2f} ms, nearest")
        far = f"{self.heatmap.maximum:.2f} ms, farthest"
        yield _text(self.margin + width, below, far, 'text-anchor="end"')
        box = f'x="{self.margin + width + 30:.1f}" y="{y:.1f}" width="14" height="14"'
        yield f'<rect {box} fill="{EMPTY}"/>'
        yield _text(self.margin + width + 50, y + 11, "no figure")
        if self.heatmap.logarithmic:
            yield _text(self.margin + width / 2, below, "logarithmic", 'text-anchor="middle"')
        if any(self.heatmap.chosen):
            note = "bold, framed: the chosen zones"
            yield _text(self.margin + width + 130, y + 11, note)


def _offsets(heatmap: Heatmap) -> Iterator[float]:
    """The position of each row and column in pixels, with a gap between groups."""
    offset = 0.0
    for _, count in heatmap.groups:
        for _ in range(count):
            yield offset
            offset += CELL
        offset += GAP


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _short(value: float) -> str:
    """Three digits, which fit in a cell: 0.47, 12.3, 123."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
