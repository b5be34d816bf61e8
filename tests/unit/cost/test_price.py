"""What a quantity costs at one price."""

from __future__ import annotations

import datetime

import pytest

from trunkline.cost.dollars import Dollars, added
from trunkline.cost.price import UNITS, Price, first_day, price_from


def price(**data: object) -> Price:
    return price_from("an/id", {"source": "a test", "date": "2026", **data})


@pytest.mark.parametrize(
    ("data", "quantity", "dollars"),
    [
        ({"price": 0.01, "per": "hour"}, 2, 14.6),  # two machines for 730 hours
        ({"price": 5, "per": "month"}, 3, 15),
        ({"price": 0.08, "per": "GiB-month"}, 8, 0.64),
        ({"price": 0.03, "per": "10,000 reads"}, 87_600, 0.2628),
        # 1,000 GB are 931.32 GiB.
        ({"price": 0.12, "per": "GiB"}, 1_000, 111.7587),
    ],
)
def test_a_quantity_is_counted_in_the_unit_of_the_price(
    data: dict[str, object], quantity: float, dollars: float
) -> None:
    found = price(**data).of(quantity)
    assert found is not None
    assert found.low == found.high == pytest.approx(dollars, abs=1e-4)


TIERS = {"tiers": [{"up_to": 100, "price": 0}, {"price": 0.09}], "per": "GB"}


@pytest.mark.parametrize(
    ("quantity", "start", "dollars"),
    [(50, 0, 0), (100, 0, 0), (250, 0, 13.5), (50, 80, 2.7), (10, 500, 0.9)],
)
def test_tiers_follow_one_another_from_where_the_month_stands(
    quantity: float, start: float, dollars: float
) -> None:
    found = price(**TIERS).of(quantity, start)
    assert found is not None
    assert found.low == pytest.approx(dollars)


def test_what_is_above_the_last_tier_costs_nothing_more_than_the_tiers() -> None:
    closed = price(tiers=[{"up_to": 10, "price": 1}], per="GB")
    assert closed.of(50) == Dollars(10, 10)


def test_steps_are_the_price_of_a_whole_thing_and_have_an_end() -> None:
    disk = price(steps=[{"up_to": 32, "price": 2.4}, {"up_to": 64, "price": 4.8}], per="disk")
    assert [disk.of(gib) for gib in (30, 32, 33)] == [
        Dollars(2.4, 2.4),
        Dollars(2.4, 2.4),
        Dollars(4.8, 4.8),
    ]
    assert disk.of(65) is None


def test_a_range_stays_a_range() -> None:
    found = price(price=200, high=300, per="month").of(3)
    assert found == Dollars(600, 900)
    assert str(found) == "600 to 900"


def test_amounts_add_up_and_show_their_cents() -> None:
    assert str(added([Dollars(1, 1), Dollars(0.234, 0.234)])) == "1.23"
    assert str(added([])) == "0.00"
    assert str(Dollars(1234.5, 1234.5)) == "1,234.50"


def test_a_price_in_another_currency_is_converted() -> None:
    entry = {"price": 6, "per": "month", "source": "a test", "date": "2026"}
    assert price_from("an/id", entry, 1.5).of(1) == Dollars(9, 9)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"price": 0.0084, "per": "hour"}, "0.0084 / hour"),
        ({"price": 200, "high": 300, "per": "month"}, "200 to 300 / month"),
        (TIERS, "0 to 0.09 / GB"),
    ],
)
def test_a_price_shows_its_unit(data: dict[str, object], shown: str) -> None:
    assert price(**data).shown == shown


def test_a_date_counts_from_its_first_day() -> None:
    assert first_day("2026") == datetime.date(2026, 1, 1)
    assert first_day("2026-11") == datetime.date(2026, 11, 1)
    assert first_day("2026-11-20") == datetime.date(2026, 11, 20)
    with pytest.raises(ValueError, match="day"):
        first_day("2026-02-30")


def test_every_unit_of_the_schema_can_be_counted() -> None:
    from trunkline.documents.schema import load_schema

    entry = load_schema("prices")["properties"]["prices"]["additionalProperties"]
    assert entry["properties"]["per"]["enum"] == list(UNITS)
