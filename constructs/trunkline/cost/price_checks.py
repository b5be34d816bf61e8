"""What is wrong with a file of prices, beside what its schema refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from trunkline.cost.price import first_day
from trunkline.documents.explain import nearest
from trunkline.documents.findings import Problem, shown

Entries = Mapping[str, Mapping[str, Any]]
"""What a file says of each price, by its ID."""


def check_prices(data: Any, ours: Entries) -> Iterator[Problem]:
    """The mistakes of data in which every value fits the schema or is None."""
    entries = data.get("prices") if isinstance(data, dict) else None
    if isinstance(entries, dict):
        known = {name: entry for name, entry in entries.items() if isinstance(entry, dict)}
        for check in _CHECKS:
            yield from check(known, ours)


def _units_are_ours(entries: Entries, ours: Entries) -> Iterator[Problem]:
    """An amount for another unit would be counted as one for ours."""
    for name, entry in entries.items():
        expected = _unit(name, ours)
        if expected and entry.get("per") not in (None, expected):
            message = f"{shown(entry['per'])} is not the unit of this price"
            yield Problem(("prices", name, "per"), message, f"write the price of one {expected}")


def _unit(price: str, ours: Entries) -> str | None:
    """The unit of the same thing elsewhere, or of things of its kind; None where nothing is."""
    name = price.partition("@")[0]
    kind = name.rpartition("/")[0]
    for other, entry in ours.items():
        bare = other.partition("@")[0]
        if bare == name or ("/" in kind and bare.startswith(f"{kind}/")):
            return str(entry["per"])
    return None


def _ids_are_used(entries: Entries, ours: Entries) -> Iterator[Problem]:
    for name in entries:
        if _unit(name, ours) is None:
            match = nearest(name, ours)
            remedy = f"did you mean {match}?" if match else "delete it"
            message = f"nothing asks for the price {shown(name)}"
            yield Problem(("prices", name), message, remedy, "warning", at_key=True)


def _parts_grow(entries: Entries, ours: Entries) -> Iterator[Problem]:
    for name, entry in entries.items():
        for key in ("tiers", "steps"):
            yield from _growing(("prices", name, key), entry.get(key))


def _growing(path: tuple[str, ...], parts: Any) -> Iterator[Problem]:
    """Each part ends above the one before; only the last one may have no end."""
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return
    below = 0.0
    for index, part in enumerate(parts):
        if "up_to" not in part and index < len(parts) - 1:
            message = "this part has no end, and others follow it"
            yield Problem((*path, index), message, "add up_to, or move it to the end")
        elif isinstance(end := part.get("up_to"), int | float):
            if end <= below:
                message = f"the part ends at {end:g}, and the one before at {below:g}"
                yield Problem((*path, index, "up_to"), message, "sort them from small to large")
            below = end


def _dates_are_past(entries: Entries, ours: Entries) -> Iterator[Problem]:
    for name, entry in entries.items():
        text = entry.get("date")
        if not isinstance(text, str):
            continue
        try:
            wrong, message = first_day(text) > date.today(), f"{text} is still to come"  # noqa: DTZ011
        except ValueError:
            wrong, message = True, f"there is no day {text}"
        if wrong:
            yield Problem(("prices", name, "date"), message, "write when the price was read")


def _ranges_are_ranges(entries: Entries, ours: Entries) -> Iterator[Problem]:
    for name, entry in entries.items():
        low, high = entry.get("price"), entry.get("high")
        if isinstance(low, int | float) and isinstance(high, int | float) and high < low:
            message = f"high is {high:g}, less than the price, {low:g}"
            yield Problem(("prices", name, "high"), message, "exchange the two")


_CHECKS: tuple[Callable[[Entries, Entries], Iterator[Problem]], ...] = (
    _units_are_ours,
    _ids_are_used,
    _parts_grow,
    _dates_are_past,
    _ranges_are_ranges,
)
