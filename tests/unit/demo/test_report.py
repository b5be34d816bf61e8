"""What a journey showed, held against what was promised."""

from __future__ import annotations

import pytest

from trunkline.demo.report import Report


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [(5.0, "at most 5 s: met", True), (5.1, "at most 5 s: NOT MET", False)],
)
def test_a_promise_is_held_or_it_is_not(value: float, target: str, met: bool) -> None:
    report = Report()
    report.add("start-up", f"{value} s", value, 5, "s")
    [figure] = report.figures
    assert (figure.target, figure.met) == (target, met)
    assert report.as_dict()["figures"][0]["met"] is met


def test_what_is_not_promised_cannot_be_missed() -> None:
    report = Report()
    report.add("/api/v5", "answered by aws/us-east-1b")
    assert (report.figures[0].target, report.figures[0].met) == ("", True)
