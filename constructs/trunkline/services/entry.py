"""From an entry's data to the model: of the catalogue, or a user's own in a topology.

Only keys that are present are passed on, so that every default stands in the model alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.model.catalogue import CatalogueEntry
from trunkline.model.private_endpoint import PrivateEndpoint

Data = Mapping[str, Any]


def build_entry(name: str, data: Data) -> CatalogueEntry:
    """The service of that name that checked data describes."""
    given: dict[str, Any] = dict(data)
    if "variables" in given:
        given["meanings"] = given.pop("variables")
    given["private"] = [_private(each, data["hosts"]) for each in data.get("private", ())]
    return CatalogueEntry(name=name, **given)


def _private(data: Data, hosts: list[str]) -> PrivateEndpoint:
    return PrivateEndpoint(**{"hosts": hosts, **data})
