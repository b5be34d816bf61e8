"""Costs by traffic as curves, both on logarithmic scales, each named where it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from markupsafe import Markup

from trunkline.report.charts.bars import TONES, tone
from trunkline.report.charts.scale import LogScale
from trunkline.report.charts.svg import CHARACTER, cut, element, line, text

LEFT, TOP, BOTTOM = 58, 28, 44
WIDTH, HEIGHT, LABEL = 560, 300, 360
APART = 16  # pixels from one name to the next

Point = tuple[float, float]


@frozen
class Drawn:
    """A curve: its name, its points, the points of its upper end where it is a range, and whether
    it is the one that others are compared with."""

    name: str
    points: tuple[Point, ...]
    upper: tuple[Point, ...] = ()
    main: bool = False


def curves(
    found: Sequence[Drawn], meets: Sequence[Point]
) -> tuple[tuple[float, float], list[Markup]]:
    """The size, and the parts; a ring stands at each of `meets`, where two curves cross."""
    points = [point for each in found for point in (*each.points, *each.upper)]
    x = LogScale.around((gb for gb, _ in points), LEFT, LEFT + WIDTH)
    amounts = [amount for _, amount in points if amount >= 1]
    y = LogScale.around(amounts, TOP + HEIGHT, TOP)
    parts = [*_axes(x, y)]
    others = [each for each in found if not each.main]
    for number, each in enumerate(others):
        parts += _curve(each, x, y, _style(number))
    parts += [mark for each in found if each.main for mark in _curve(each, x, y, "ours")]
    parts += [_ring(x.at(gb), y.at(amount)) for gb, amount in meets]
    parts += _names(found, others, y)
    label = min(max(len(each.name) for each in found) * CHARACTER + 24, LABEL)
    return (LEFT + WIDTH + label, TOP + HEIGHT + BOTTOM), parts


def _style(number: int) -> str:
    """A colour, and dashes where the colours begin again."""
    return f"{tone(number)}{' again' if number >= TONES else ''}"


def _axes(x: LogScale, y: LogScale) -> Iterator[Markup]:
    for tick in x.ticks:
        at = x.at(tick)
        yield line(at, TOP, at, TOP + HEIGHT, "grid")
        yield text(at, TOP + HEIGHT + 18, amount(tick), "small", text_anchor="middle")
    for tick in y.ticks:
        at = y.at(tick)
        yield line(LEFT, at, LEFT + WIDTH, at, "grid")
        yield text(LEFT - 8, at + 4, f"{tick:,.0f}", "small", text_anchor="end")
    yield text(4, 14, "$ a month", "small")
    yield text(LEFT + WIDTH, TOP + HEIGHT + 38, "traffic a month", "small", text_anchor="end")


def _curve(each: Drawn, x: LogScale, y: LogScale, style: str) -> Iterator[Markup]:
    if each.upper:
        there = " ".join(f"{x.at(gb):.1f},{y.at(usd):.1f}" for gb, usd in each.points)
        back = " ".join(f"{x.at(gb):.1f},{y.at(usd):.1f}" for gb, usd in reversed(each.upper))
        yield element("polygon", points=f"{there} {back}", class_=f"area {style}")
    path = " ".join(f"{x.at(gb):.1f},{y.at(usd):.1f}" for gb, usd in each.points)
    yield element("polyline", element("title", each.name), points=path, class_=f"curve {style}")


def _ring(x: float, y: float) -> Markup:
    return element("circle", cx=x, cy=y, r=4.5, class_="ring")


def _names(found: Sequence[Drawn], others: Sequence[Drawn], y: LogScale) -> Iterator[Markup]:
    """The names at the right ends, moved so far that none covers another."""
    right = LEFT + WIDTH
    ordered = sorted(found, key=lambda each: y.at(each.points[-1][1]))
    places = _apart([y.at(each.points[-1][1]) for each in ordered])
    for each, place in zip(ordered, places, strict=True):
        end = y.at(each.points[-1][1])
        style = "ours" if each.main else _style(others.index(each))
        yield element(
            "polyline",
            points=f"{right + 2},{end:.1f} {right + 12},{place:.1f} {right + 18},{place:.1f}",
            class_=f"leader {style}",
        )
        words = cut(each.name, LABEL - 24)
        yield text(right + 23, place + 4, words, "label chosen" if each.main else "label")


def _apart(places: Sequence[float]) -> list[float]:
    """Ascending places, at least APART from one another and within the drawing where they fit."""
    found: list[float] = []
    for place in places:
        found.append(max(place, found[-1] + APART) if found else place)
    limit = float(TOP + HEIGHT + 4)
    for number in reversed(range(len(found))):
        found[number] = min(found[number], limit)
        limit = found[number] - APART
    return found


def amount(gigabytes: float) -> str:
    """`500 GB`, `2.6 TB`."""
    return f"{gigabytes:.3g} GB" if gigabytes < 1_000 else f"{gigabytes / 1_000:.3g} TB"
