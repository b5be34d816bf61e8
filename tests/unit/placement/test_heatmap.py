"""The heatmap is complete, labelled, and readable without colour."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from support.measured import measurements, pair, zone

from trunkline.measurements import Measurements
from trunkline.placement.colors import as_hex, color, ink
from trunkline.placement.heatmap import heatmap
from trunkline.placement.heatmap_svg import to_svg
from trunkline.placement.heatmap_text import heading, legend, to_dense, to_table

ZONES = [
    zone("google", "x"),
    zone("aws", "a", physical_zone="use1-az6"),
    zone("aws", "b", physical_zone="use1-az4"),
]
MADE = measurements(
    ZONES,
    [
        pair("aws/a", "google/x", 500),
        pair("google/x", "aws/a", 700),
        pair("aws/b", "google/x", 1300),
    ],
)


def texts(made: Measurements) -> list[str]:
    root = ElementTree.fromstring(to_svg(heatmap(made)))
    return [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]


def test_zones_are_sorted_by_physical_zone() -> None:
    view = heatmap(MADE)
    assert view.labels == ("aws/b (use1-az4)", "aws/a (use1-az6)", "google/x")
    assert view.groups == (("aws r1", 2), ("google r1", 1))


def test_cells_are_milliseconds_from_row_to_column() -> None:
    view = heatmap(MADE)
    assert view.cells == ((None, None, 1.3), (None, None, 0.5), (None, 0.7, None))
    assert (view.minimum, view.maximum) == (0.5, 1.3)
    assert [round(view.share(value), 2) for value in (0.5, 0.9, 1.3)] == [0, 0.5, 1]


def test_the_svg_has_every_label_figure_and_the_unit() -> None:
    found = texts(MADE)
    for text in (*heatmap(MADE).labels, "1.30", "0.50", "0.70", "0.50 ms, nearest", "aws r1"):
        assert text in found
    assert any("median in milliseconds, UDP" in text for text in found)
    assert "http" not in to_svg(heatmap(MADE)).replace("http://www.w3.org/2000/svg", "")


def test_emulated_figures_are_labelled_so_everywhere() -> None:
    emulated = measurements(ZONES, MADE.pairs, emulated=True)
    assert any(text.startswith("EMULATED") for text in texts(emulated))
    assert any(text.startswith("EMULATED") for text in heading(heatmap(emulated)))
    assert not any(text.startswith("EMULATED") for text in texts(MADE))
    assert not any(text.startswith("EMULATED") for text in heading(heatmap(MADE)))


def test_the_table_is_readable_without_colour() -> None:
    columns = [list(column.cells) for column in to_table(heatmap(MADE)).columns]
    assert [str(cell) for cell in columns[4]] == ["1.30", "0.50", "-"]
    assert legend(heatmap(MADE)) == "nearest 0.50 ms, farthest 1.30 ms"


def test_a_wide_matrix_has_a_mark_for_each_figure() -> None:
    assert [line.plain[-3:] for line in to_dense(heatmap(MADE))] == ["??@", "?? ", "?:?"]


def test_a_matrix_without_figures_is_drawn() -> None:
    empty = heatmap(measurements(ZONES, []))
    assert "no figure" in to_svg(empty)
    assert legend(empty) == "no figures"


@pytest.mark.parametrize(
    ("share", "wanted"), [(-1, "#fde725"), (0, "#fde725"), (1, "#440154"), (9, "#440154")]
)
def test_colours_go_from_light_near_to_dark_far(share: float, wanted: str) -> None:
    assert as_hex(color(share)) == wanted


def test_ink_is_readable_on_every_colour() -> None:
    """A contrast of at least 4.5 to 1, as WCAG 2.1 asks in 1.4.3."""
    for step in range(101):
        background = color(step / 100)
        light = luminance(background)
        other = 0.0 if ink(background) == "#000000" else 1.0
        assert (max(light, other) + 0.05) / (min(light, other) + 0.05) >= 4.5


def luminance(rgb: tuple[int, int, int]) -> float:
    """Relative luminance as in WCAG 2.1."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
