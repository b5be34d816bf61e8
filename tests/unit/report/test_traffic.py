"""What the section of requests shows."""

from __future__ import annotations

from xml.etree import ElementTree

from support.analytics import HOURS, counted

from trunkline.report.charts.timeline import Series, columns, lines
from trunkline.report.parts import Section
from trunkline.report.sections.traffic import MOST_COLUMNS, traffic_section

SVG = "{http://www.w3.org/2000/svg}"


def drawn(section: Section, number: int) -> ElementTree.Element:
    return ElementTree.fromstring(section.pictures[number].svg)


def words(section: Section, number: int) -> list[str]:
    return [each.text or "" for each in drawn(section, number).iter("text")]


def test_over_time_there_are_requests_errors_and_latency() -> None:
    section = traffic_section(1, counted())
    assert [picture.title for picture in section.pictures] == [
        "Requests over time",
        "Errors and failovers over time",
        "Latency over time, p95 in milliseconds",
    ]
    assert section.lead[0].startswith("130 requests in the 24h before 2026-11-28T09:00:00Z: ")
    assert section.lead[1].startswith("Answered: half within 10 ms, 95% within 20 ms, 99% within")


def test_an_interval_without_requests_is_none_and_no_line_crosses_it() -> None:
    section = traffic_section(1, counted())
    assert "11-28 07:00" in words(section, 0)
    assert [row[:2] for row in section.pictures[1].table.rows] == [
        ("2026-11-28 05:00:00", 2),
        ("2026-11-28 06:00:00", 1),
        ("2026-11-28 07:00:00", 0),
        ("2026-11-28 08:00:00", 1),
    ]
    latency = section.pictures[2].table
    assert latency.headings == ("time", "aws", "the Worker", "google")
    assert latency.rows[2] == ("2026-11-28 07:00:00", None, None, None)


def test_the_largest_group_comes_first_and_the_least_of_many_are_one() -> None:
    many = [("2026-11-28 05:00:00", f"site-{number}", 10 + number) for number in range(9)]
    names = [each for each in words(traffic_section(1, counted(many)), 0) if each[0].isalpha()]
    assert names == ["site-8", "site-7", "site-6", "site-5", "site-4", "others"]


def test_without_intervals_there_is_a_bar_for_each_group() -> None:
    groups = [(("", *each[1:])) for each in HOURS[:2]]
    section = traffic_section(2, counted(groups, every="", failovers=5))
    assert section.id == "traffic-2"
    assert [picture.title for picture in section.pictures] == ["Requests", "Latency"]
    assert section.pictures[0].table.rows[0] == ("aws", 40, 1, 5, 10.0, 20.0, 40.0)
    assert {"aws", "google", "40", "10"} <= set(words(section, 0))


def test_where_nothing_was_counted_there_is_no_picture() -> None:
    section = traffic_section(1, counted([], errors=0))
    assert section.pictures == ()
    assert section.tables[0].rows == ()


def test_too_many_intervals_are_put_together() -> None:
    hours = [(f"2026-11-{d:02} {h:02}:00:00", "aws", 1) for d in range(1, 8) for h in range(24)]
    section = traffic_section(1, counted(hours))
    columns_of = [each for each in drawn(section, 0).iter("rect") if each.get("y") != "5"]
    assert len(columns_of) == 84 <= MOST_COLUMNS
    assert {float(each.get("height", 0)) for each in columns_of} == {200.0}


def test_a_figure_that_stands_alone_is_a_dot() -> None:
    _, parts = lines(["a", "b", "c"], [Series("x", (1.0, None, 2.0))])
    assert sum("<circle" in part for part in parts) == 2
    assert not any("<polyline" in part for part in parts)
    _, parts = columns(["a"], [Series("x", (None,)), Series("y", (0,))])
    assert not any('class="tone1" height' in part for part in parts)


def test_a_long_legend_has_its_place() -> None:
    (narrow, _), _ = columns(["a"], [Series("x", (1.0,))])
    (wide, _), _ = columns(["a"], [Series("x" * 60, (1.0,)), Series("y" * 60, (1.0,))])
    assert wide > narrow
