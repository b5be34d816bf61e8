"""The prices that are known: those of prices.json, and the user's own in their place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files
from os import PathLike
from typing import Any

from attrs import field, frozen

from trunkline.cost.price import Price, price_from
from trunkline.cost.price_checks import Entries, check_prices
from trunkline.documents.findings import Finding, FindingsError
from trunkline.documents.schema import check_schema
from trunkline.documents.source import FileKind, UnreadableError, read_source

YEAR = timedelta(days=365)
CURRENCY = "currency/"
PRICE_FILE = FileKind(
    "prices", max_bytes=1024 * 1024, remedy="see trunkline schema prices for what it may hold"
)


class PricesError(FindingsError):
    """A file of prices that cannot be used; `findings` holds its mistakes."""


@frozen(slots=False)
class PriceBook:
    """Prices by their IDs, such as `cloudflare/argo` or `aws/machine/t4g.micro@us-east-1`."""

    entries: Entries
    _made: dict[str, Price] = field(factory=dict, init=False)

    def find(self, id: str, region: str = "") -> Price | None:
        """The price of `id` in a region, else that of all regions; None where neither is known."""
        for name in (f"{id}@{region}", id):
            if name in self.entries:
                return self._price(name)
        return None

    def elsewhere(self, id: str) -> tuple[Price, ...]:
        """The prices of `id` in all regions for which they are known."""
        return tuple(self._price(name) for name in self._regions.get(id, ()))

    def _price(self, name: str) -> Price:
        if name not in self._made:
            data = self.entries[name]
            currency = data.get("currency", "USD")
            rate = self.entries[CURRENCY + currency]["price"] if currency != "USD" else 1.0
            self._made[name] = price_from(name, data, rate)
        return self._made[name]

    @cached_property
    def _regions(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.entries:
            if "@" in name:
                found.setdefault(name.partition("@")[0], []).append(name)
        return found


def load_prices(path: str | PathLike[str] | None = None) -> tuple[PriceBook, list[Finding]]:
    """The prices, those of the file in place of ours, and the warnings about the file.

    Raises PricesError with every finding where one is an error.
    """
    ours = _ours()
    if path is None:
        return PriceBook(ours), []
    data, findings = _read(path, ours)
    if data is None:
        raise PricesError(findings)
    return PriceBook({**ours, **data["prices"]}), findings


def is_old(price: Price, today: date) -> bool:
    """Whether a price may be older than a year."""
    return today - price.earliest > YEAR


def _ours() -> Entries:
    text = files("trunkline.cost").joinpath("prices.json").read_text("utf-8")
    entries: Entries = json.loads(text)["prices"]
    return entries


def _read(path: str | PathLike[str], ours: Entries) -> tuple[Any, list[Finding]]:
    from trunkline.documents.yaml import parse_yaml

    try:
        document = parse_yaml(read_source(path, PRICE_FILE))
    except UnreadableError as unreadable:
        return None, list(unreadable.findings)
    problems, data = check_schema(document, "prices")
    problems += check_prices(data, ours)
    findings = [*document.findings, *map(document.finding, problems)]
    wrong = any(finding.level == "error" for finding in findings)
    return (None if wrong else document.data), findings
