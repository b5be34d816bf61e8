"""The heatmap is complete, labelled, and readable without colour."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from support.measured import measurements, pair, topology, zone

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


def test_zones_keep_the_order_of_the_topology() -> None:
    view = heatmap(MADE, topology(ZONES[0], ZONES[2]))
    assert view.labels == ("google/x", "aws/b (use1-az4)", "aws/a (use1-az6)")
    assert view.groups == (("google r1", 1), ("aws r1", 2))
    assert heatmap(MADE).labels == ("aws/a (use1-az6)", "aws/b (use1-az4)", "google/x")


@pytest.mark.parametrize(
    ("farthest", "logarithmic", "middle"), [(9_999, False, 0.44), (40_000, True, 0.5)]
)
def test_the_scale_is_logarithmic_where_zones_are_regions_apart(
    farthest: float, logarithmic: bool, middle: float
) -> None:
    ends = [("aws/a", "aws/b", 500), ("aws/a", "google/x", farthest)]
    made = measurements(ZONES, [pair(*each) for each in ends])
    view = heatmap(made)
    assert view.logarithmic is logarithmic
    assert view.share(0.5) == 0
    assert view.share(farthest / 1000) == pytest.approx(1)
    half = (0.5 * farthest / 1000) ** 0.5 if logarithmic else 4.68
    assert view.share(half) == pytest.approx(middle, abs=0.01)
    assert ("logarithmic" in legend(view)) is logarithmic
    assert ("logarithmic" in texts(made)) is logarithmic


def test_chosen_zones_are_marked() -> None:
    view = heatmap(MADE, topology(*ZONES))
    assert view.chosen == (True, True, False)
    labels = [str(cell) for cell in list(to_table(view).columns)[1].cells]
    assert labels == ["google/x <", "aws/a (use1-az6) <", "aws/b (use1-az4)"]
    assert legend(view).endswith("; < chosen zone")
    assert next(to_dense(view)).plain.startswith("google/x <")
    assert to_svg(view).count('fill="none" stroke=') == 2
    assert to_svg(view).count("bold") == 1 + 2 * 2 + 1  # title, labels and the note
    assert "chosen" not in to_svg(heatmap(MADE)) + legend(heatmap(MADE))


def test_cells_are_milliseconds_from_row_to_column() -> None:
    view = heatmap(MADE)
    assert view.cells == ((None, None, 0.5), (None, None, 1.3), (0.7, None, None))
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
    assert [str(cell) for cell in columns[4]] == ["0.50", "1.30", "-"]
    assert legend(heatmap(MADE)) == "nearest 0.50 ms, farthest 1.30 ms"


def test_a_wide_matrix_has_a_mark_for_each_figure() -> None:
    assert [line.plain[-3:] for line in to_dense(heatmap(MADE))] == ["?? ", "??@", ":??"]


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
