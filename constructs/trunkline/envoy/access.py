"""Who may use an edge: whoever has its key, under the edge's own hostname.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter
"""

from __future__ import annotations

from attrs import frozen

from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import EDGE_KEY_HEADER

KEY = "@EDGE_KEY@"
"""Stands for a key in a configuration; the machine has the keys from its store.

A principal with it is repeated for each of them. A regular expression of two keys would be too long
for Envoy (`re2.max_program_size.error_level`).
"""

_FILTER = "rbac"
_RBAC = "extensions.filters.http.rbac.v3"


@frozen
class Access:
    """An edge that answers only requests for `hostname` that carry one of its keys."""

    hostname: str


def refuse_all() -> JsonObject:
    """The HTTP filter that answers 403, but where a virtual host knows better."""
    return extension(_FILTER, f"{_RBAC}.RBAC", rules={"action": "ALLOW", "policies": {}})


def let_in() -> JsonObject:
    """What a virtual host knows better: the per-filter configuration that lets the keys in."""
    header = {"name": EDGE_KEY_HEADER, "string_match": {"exact": KEY}}
    policy = {"permissions": [{"any": True}], "principals": [{"header": header}]}
    rules = {"action": "ALLOW", "policies": {"edge-key": policy}}
    return {_FILTER: typed(f"{_RBAC}.RBACPerRoute", rbac={"rules": rules})}
