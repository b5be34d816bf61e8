"""The prices that are known, and a user's own in their place."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
from support.examples import ROOT

from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.cost.price import first_day
from trunkline.cost.prices import PricesError, is_old, load_prices

OURS = ROOT / "constructs" / "trunkline" / "cost" / "prices.json"
BOOK, _ = load_prices()
ENTRY = {"price": 1, "per": "hour", "source": "our contract", "date": "2026-05"}


def written(path: Path, **entries: object) -> Path:
    path.write_text(json.dumps({"prices": entries}))
    return path


def mistakes(file: Path) -> list[str]:
    with pytest.raises(PricesError) as caught:
        load_prices(file)
    return [str(finding).removeprefix(f"{file}:") for finding in caught.value.findings]


# --- ours


def test_our_own_file_fits_the_schema_that_users_have() -> None:
    assert load_prices(OURS)[1] == []


def test_a_verified_price_names_a_page() -> None:
    for name, entry in BOOK.entries.items():
        page = entry["source"].startswith("https://")
        assert page or not entry.get("verified"), name
        assert first_day(entry["date"]) <= datetime.date(2026, 12, 31)


@pytest.mark.parametrize("cloud", [c for c in CLOUDS if facts_of(c).sizes])
def test_the_default_size_its_address_its_disk_and_its_traffic_have_a_price(cloud: str) -> None:
    facts = facts_of(cloud)
    assert facts.sizes and facts.disk
    assert BOOK.elsewhere(f"{cloud}/machine/{facts.sizes.default}")
    disk = f"{cloud}/disk/{facts.disk.kind}"
    assert BOOK.find(disk) or BOOK.elsewhere(disk)
    for name in ("ipv4", "egress", "secret", "secret_read"):
        assert BOOK.find(f"{cloud}/{name}")


@pytest.mark.parametrize("cloud", [c for c in CLOUDS if facts_of(c).sizes])
def test_machines_with_a_price_are_sizes_of_their_cloud_in_its_regions(cloud: str) -> None:
    facts = facts_of(cloud)
    assert facts.sizes
    for name in BOOK.entries:
        if match := re.fullmatch(rf"{cloud}/machine/(.+)@(.+)", name):
            assert re.fullmatch(facts.sizes.usual, match[1])
            assert match[2] in facts.regions


# --- looking up


def test_the_price_of_the_region_comes_before_that_of_all() -> None:
    tunnel = BOOK.find("google/vpn_tunnel", "us-east4"), BOOK.find("google/vpn_tunnel", "us-west1")
    assert [each.low for each in tunnel if each] == [40.15, 36.50]


def test_a_price_of_another_region_is_not_taken_but_can_be_shown() -> None:
    assert BOOK.find("aws/machine/t4g.micro", "sa-east-1") is None
    assert "aws/machine/t4g.micro@us-east-1" in {
        price.id for price in BOOK.elsewhere("aws/machine/t4g.micro")
    }
    assert BOOK.elsewhere("aws/machine/t9.micro") == ()


def test_euros_are_converted_with_the_price_of_a_euro(tmp_path: Path) -> None:
    rate = {"currency/EUR": {**ENTRY, "price": 2, "per": "EUR"}}
    book, _ = load_prices(written(tmp_path / "p.json", **rate))
    seat = book.find("netbird/seat/team")
    assert seat is not None and seat.low == 12


@pytest.mark.parametrize(
    ("read", "today", "old"),
    [
        ("2025-11", datetime.date(2026, 11, 2), True),
        ("2025-12", datetime.date(2026, 11, 2), False),
        ("2025", datetime.date(2026, 1, 2), True),  # it may be of its first day
        ("2025-11-20", datetime.date(2026, 11, 20), False),
    ],
)
def test_a_price_is_old_when_it_may_be_of_more_than_a_year_ago(
    tmp_path: Path, read: str, today: datetime.date, old: bool
) -> None:
    entries = {"aws/ipv4": {**ENTRY, "date": read}}
    book, _ = load_prices(written(tmp_path / "p.json", **entries))
    price = book.find("aws/ipv4")
    assert price is not None and is_old(price, today) is old


# --- a file of the user's own


def test_an_entry_stands_in_for_ours_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "prices:\n  aws/ipv4: {price: 0.001, per: hour, source: ours, date: '2026-05'}\n"
    )
    book, findings = load_prices(file)
    address, other = book.find("aws/ipv4"), book.find("google/ipv4")
    assert address is not None and address.low == 0.001 and address.source == "ours"
    assert other is not None and other.low == 0.005
    assert findings == []


def test_a_size_that_we_do_not_know_can_be_added(tmp_path: Path) -> None:
    name = "aws/machine/m7i.metal-48xl@us-east-1"
    book, findings = load_prices(written(tmp_path / "p.json", **{name: ENTRY}))
    assert book.find("aws/machine/m7i.metal-48xl", "us-east-1") is not None
    assert findings == []


def test_a_price_that_nothing_asks_for_is_a_warning(tmp_path: Path) -> None:
    [finding] = load_prices(written(tmp_path / "p.json", **{"aws/ipv5": ENTRY}))[1]
    assert finding.level == "warning"
    assert "did you mean aws/ipv4?" in finding.remedy


@pytest.mark.parametrize(
    ("name", "entry", "place", "said"),
    [
        ("aws/ipv4", {"price": -1}, "price", "-1 is out of range"),
        ("aws/ipv4", {"per": "month"}, "per", "not the unit of this price; write the price of"),
        ("aws/machine/x2.large@us-east-1", {"per": "month"}, "per", "write the price of one hour"),
        ("aws/ipv4", {"per": "minute"}, "per", '"minute" is not one of the choices'),
        ("aws/ipv4", {"date": "May"}, "date", "must be a day, a month or a year"),
        ("aws/ipv4", {"date": "2098-01"}, "date", "2098-01 is still to come"),
        ("aws/ipv4", {"date": "2026-02-31"}, "date", "there is no day 2026-02-31"),
        ("aws/ipv4", {"high": 0.5}, "high", "high is 0.5, less than the price, 1"),
        ("aws/ipv4", {"source": ""}, "source", "the text is empty"),
        ("aws/ipv4", {"prize": 1}, "prize", 'the key "prize" is unknown; did you mean price?'),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_at_its_place(
    tmp_path: Path, name: str, entry: dict[str, object], place: str, said: str
) -> None:
    [finding] = mistakes(written(tmp_path / "p.json", **{name: {**ENTRY, **entry}}))
    assert f'prices."{name}".{place}: ' in finding
    assert said in finding


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ([{"price": 1}, {"price": 2}], "this part has no end, and others follow it"),
        ([{"up_to": 9, "price": 1}, {"up_to": 8, "price": 2}], "ends at 8, and the one before"),
        ([], "this is empty"),
    ],
)
def test_tiers_must_follow_one_another(
    tmp_path: Path, tiers: list[dict[str, float]], said: str
) -> None:
    entry = {key: value for key, value in ENTRY.items() if key != "price"}
    file = written(tmp_path / "p.json", **{"aws/egress": {**entry, "per": "GB", "tiers": tiers}})
    assert any(said in finding for finding in mistakes(file))


def test_a_file_that_is_no_yaml_or_not_there_is_refused_with_its_place(tmp_path: Path) -> None:
    broken = tmp_path / "p.yaml"
    broken.write_text("prices: [")
    assert mistakes(broken)[0].startswith("1:")
    assert "there is no such file" in mistakes(tmp_path / "none.yaml")[0]
