"""Logarithmic scales."""

from __future__ import annotations

import pytest

from trunkline.report.charts.scale import LogScale


def test_equal_factors_are_equally_far() -> None:
    scale = LogScale(1, 100, 0, 200)
    assert [scale.at(figure) for figure in (1, 10, 100)] == pytest.approx([0, 100, 200])


def test_what_is_beyond_an_end_stands_at_it() -> None:
    scale = LogScale(1, 100, 0, 200)
    assert (scale.at(0), scale.at(1000)) == (0, 200)


def test_figures_that_are_all_the_same_stand_in_the_middle() -> None:
    assert LogScale.around([3.0, 3.0], 0, 10).at(3.0) == 5


def test_zero_and_nothing_at_all_have_a_scale() -> None:
    assert LogScale.around([0.0, 2.0, 8.0]) == LogScale(2.0, 8.0)
    assert LogScale.around([]) == LogScale(1.0, 1.0)


def test_ticks_are_round_and_few() -> None:
    assert LogScale(0.4, 6).ticks == pytest.approx([0.5, 1, 2, 5])
    assert LogScale(1, 100_000).ticks == pytest.approx([1, 10, 100, 1_000, 10_000, 100_000])


def test_a_short_scale_has_ticks_that_are_equally_far_apart() -> None:
    assert LogScale(0.88, 1.22).ticks == pytest.approx([0.9, 1.0, 1.1, 1.2])
    assert LogScale(3.0, 3.0).ticks == []
