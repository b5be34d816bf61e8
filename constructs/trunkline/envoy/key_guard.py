"""Who may use an edge: whoever has its key, under one of the edge's own hostnames.

The first route asks for the key. A filter for that (RBAC) would take a twentieth of a request.
"""

from __future__ import annotations

from attrs import field, frozen

from trunkline.envoy.extension import JsonObject
from trunkline.model import EDGE_KEY_HEADER
from trunkline.model.converters import texts

KEY = "@EDGE_KEY@"
"""Stands for a key in a configuration; the machine reads the keys from its secret store.

A header of a route that holds it is repeated for each key. A regular expression of two keys would
be too long for Envoy (`re2.max_program_size.error_level`).
"""


@frozen
class KeyGuard:
    """An edge that answers only requests for one of `hostnames` that carry one of its keys."""

    hostnames: tuple[str, ...] = field(converter=texts)


_HAS_KEY: JsonObject = {"name": EDGE_KEY_HEADER, "string_match": {"exact": KEY}}


def has_no_key() -> JsonObject:
    """The header of a request without that key, also where it is absent."""
    return {**_HAS_KEY, "invert_match": True, "treat_missing_header_as_empty": True}


def refuse(*headers: JsonObject) -> JsonObject:
    """The route that answers 403 to every request with these headers."""
    return {"match": {"prefix": "/", "headers": list(headers)}, "direct_response": {"status": 403}}
