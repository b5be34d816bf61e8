"""The figures of a demo and their targets."""

from __future__ import annotations

import pytest

from trunkline.demo.report import Report


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [(5.0, "at most 5 s: met", True), (5.1, "at most 5 s: NOT MET", False)],
)
def test_a_target_is_met_up_to_its_limit(value: float, target: str, met: bool) -> None:
    report = Report()
    report.add("start-up", f"{value} s", value, 5, "s")
    [figure] = report.figures
    assert (figure.target, figure.met) == (target, met)
    assert report.as_dict()["figures"][0]["met"] is met


def test_a_figure_without_a_target_is_met() -> None:
    report = Report()
    report.add("/api/v5", "answered by aws/us-east-1b")
    assert (report.figures[0].target, report.figures[0].met) == ("", True)
