"""What the resources of a Terraform plan cost, as `terraform show -json` prints it.

How a type of resource is paid is data, in resources.json: the items of each, with the IDs of their
prices, in which `{size}` is an attribute, `{os_disk.0.size|30}` one further in with what counts
where it is not set, and `when` what must be set; the types that cost nothing; and how each
provider's resources say their region. Format of the plan:
https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from functools import cache
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from trunkline.cost.line import Line, Total, total
from trunkline.cost.prices import PriceBook
from trunkline.documents.document import Document
from trunkline.documents.findings import FindingsError, Problem
from trunkline.documents.json import parse_json
from trunkline.documents.source import FileKind, UnreadableError, read_source

PLAN_FILE = FileKind(
    "plan",
    max_bytes=256 * 1024 * 1024,
    remedy="make it with terraform show -json PLAN > plan.json",
    repair="make it anew with terraform show -json PLAN > plan.json",
)

Data = Mapping[str, Any]

_PLACE = re.compile(r"\{([a-z0-9_.]+)(?:\|([^}]*))?\}")


class PlanError(FindingsError):
    """A file that is not a plan; `findings` says why."""


@frozen
class PlanEstimate:
    """What a plan would leave standing.

    - `lines`: what is paid for; the site of each is the resource's address.
    - `unpriced`: the addresses of resources of types that are not known.
    - `free`: the number of resources that cost nothing.
    """

    lines: tuple[Line, ...]
    unpriced: tuple[str, ...]
    free: int

    @property
    def total(self) -> Total:
        """What a month of the lines costs; what is unpriced comes on top."""
        return total(self.lines)


def price_plan(path: str | PathLike[str], book: PriceBook) -> PlanEstimate:
    """What the resources of a plan, or of a state, cost; PlanError where the file is neither."""
    document = _read(path)
    resources = list(_resources(_root(document)))
    providers = _provider_regions(document.data)
    lines: list[Line] = []
    unpriced, free = [], 0
    for resource in resources:
        kind = str(resource.get("type", ""))
        if kind in _rules()["priced"]:
            lines += _lines(resource, providers, book)
        elif any(fnmatch(kind, pattern) for pattern in _rules()["free"]):
            free += 1
        else:
            unpriced.append(_address(resource))
    return PlanEstimate(tuple(lines), tuple(unpriced), free)


def _read(path: str | PathLike[str]) -> Document:
    try:
        return parse_json(read_source(path, PLAN_FILE))
    except UnreadableError as unreadable:
        findings = unreadable.findings
        if _is_archive(path):
            message = "this is a plan as Terraform keeps it, not JSON"
            remedy = f"write it as JSON: terraform show -json {fspath(path)} > plan.json"
            findings = tuple(evolve(each, message=message, remedy=remedy) for each in findings[:1])
        raise PlanError(findings) from unreadable


def _is_archive(path: str | PathLike[str]) -> bool:
    """Whether a file is a Zip archive, as the plans of terraform plan -out are."""
    with suppress(OSError), Path(path).open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
    return False


@cache
def _rules() -> Data:
    text = files("trunkline.cost").joinpath("resources.json").read_text("utf-8")
    rules: dict[str, Any] = json.loads(text)
    return rules


def _root(document: Document) -> Data:
    """The module of all others, of what is planned or of what there is."""
    data = document.data if isinstance(document.data, dict) else {}
    for key in ("planned_values", "values"):
        root = _get(data, f"{key}.root_module")
        if isinstance(root, dict):
            return root
    if "terraform_version" in data or list(data) == ["format_version"]:
        return {}  # a plan that destroys everything, or an empty state
    message = "this is not what terraform show -json prints"
    raise PlanError([document.finding(Problem((), message, PLAN_FILE.remedy))])


def _resources(module: Data) -> Iterator[Data]:
    for resource in _mappings(module, "resources"):
        if resource.get("mode") == "managed":
            yield resource
    for child in _mappings(module, "child_modules"):
        yield from _resources(child)


def _mappings(module: Data, key: str) -> list[Data]:
    found = module.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _lines(resource: Data, providers: Mapping[str, str], book: PriceBook) -> Iterator[Line]:
    values = resource.get("values") or {}
    region = _region(str(resource["type"]), values, providers)
    for part in _rules()["priced"][resource["type"]]:
        if not _applies(part.get("when"), values):
            continue
        price = _filled(part["price"], values)
        quantity = _number(_filled(part.get("quantity", "1"), values))
        found = book.find(price, region) if price else None
        yield Line(
            site=_address(resource),
            item=_filled(part["item"], values) or "machine of a size that is known after apply",
            price=found if quantity else None,
            id=found.id if found else _wanted(price or part["price"], region),
            quantity=quantity or 1,
            note="" if price and quantity else "known after apply",
        )


def _applies(condition: str | None, values: Data) -> bool:
    """Whether an attribute is set, or has the value after `=`."""
    if condition is None:
        return True
    path, _, wanted = condition.partition("=")
    value = _get(values, path)
    return value == wanted if wanted else value not in (None, False, "")


def _filled(template: str, values: Data) -> str | None:
    """The template with the attributes in their places; None where one is not known."""
    known = True

    def fill(place: re.Match[str]) -> str:
        nonlocal known
        value = _get(values, place[1])
        known = known and (value is not None or place[2] is not None)
        return str(place[2] if value is None else value)

    text = _PLACE.sub(fill, template)
    return text if known else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _region(kind: str, values: Data, providers: Mapping[str, str]) -> str:
    """A resource's region: as it says itself, else as its provider does; empty where unknown."""
    provider = kind.partition("_")[0]
    for attribute, pattern in _rules()["regions"].get(provider, {}).get("attributes", ()):
        value = _get(values, attribute)
        if isinstance(value, str) and (match := re.fullmatch(pattern, value)):
            return match[1].lower().replace(" ", "")
    return providers.get(provider, "")


def _provider_regions(data: Data) -> dict[str, str]:
    """The region of each provider that has one, where it stands in the plan as text."""
    found = {}
    for provider, rules in _rules()["regions"].items():
        argument = rules.get("provider", "")
        value = _get(
            data, f"configuration.provider_config.{provider}.expressions.{argument}.constant_value"
        )
        if isinstance(value, str):
            found[provider] = value
    return found


def _get(value: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _wanted(price: str, region: str) -> str:
    """The ID under which a price that is missing would be looked for first."""
    return f"{price}@{region}" if region else price


def _address(resource: Data) -> str:
    return str(resource.get("address", resource.get("type", "")))
