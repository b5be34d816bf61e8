"""Inventories: what of a synthesized stack must be so. Listed keys must match, the rest is free."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ABSENT = "<absent>"
BLOCKS = ("data", "output", "provider", "resource", "terraform")
LONGEST = 400
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def elements(stack: Mapping[str, Any]) -> dict[str, Any]:
    """The addressable parts of a stack: `resource.aws_vpc.edge_vpc_1234` and what it holds."""
    found: dict[str, Any] = {}
    for block in BLOCKS:
        for name, content in stack.get(block, {}).items():
            if block in ("data", "resource"):
                found |= {f"{block}.{name}.{key}": value for key, value in content.items()}
            else:
                found[f"{block}.{name}"] = content
    return found


def differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[str]:
    """What is not as listed, a line each; an address that is not listed is a difference as well."""
    unlisted = [f"{address}: is not in the inventory" for address in actual.keys() - expected]
    return sorted(unlisted) + [
        line for address, wanted in expected.items() for line in _compare(address, wanted, actual)
    ]


def regenerated(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> dict[str, Any]:
    """The inventory for `actual`: keys that were listed stay listed, new addresses list theirs."""
    return {
        address: _relist(expected[address], value) if address in expected else _listed(value)
        for address, value in sorted(actual.items())
    }


def load(path: Path) -> dict[str, Any]:
    """An inventory file, or nothing where there is none yet."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return content


def save(path: Path, inventory: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(inventory, indent=1) + "\n")


def _compare(path: str, wanted: Any, within: Any) -> Iterator[str]:
    """Compare the last step of `path`: `within` is the mapping or list that should hold it."""
    key = path.rsplit("/", 1)[-1]
    found = within.get(key, ABSENT) if isinstance(within, Mapping) else within[int(key)]
    if wanted is None:
        return  # a long text within a list
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for step, value in wanted.items():
            yield from _compare(f"{path}/{step}", value, found)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, value in enumerate(wanted):
            yield from _compare(f"{path}/{number}", value, found)
    elif wanted != found:
        yield f"{path}: should be {json.dumps(wanted)}, is {json.dumps(found)[:LONGEST]}"


def _listed(value: Any) -> Any:
    """Everything but the framework's notes, long texts, which other tests look into, and digests
    of such texts, which change with every word of them."""
    if isinstance(value, Mapping):
        kept = {key: _listed(inner) for key, inner in value.items() if key != "//"}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, list):
        return [_listed(inner) for inner in value]
    if isinstance(value, str) and (len(value) > LONGEST or _DIGEST.match(value)):
        return None
    return value


def _relist(expected: Any, value: Any) -> Any:
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return {
            key: _relist(inner, value.get(key, ABSENT))
            for key, inner in expected.items()
            if key in value or inner == ABSENT
        }
    return _listed(value)
