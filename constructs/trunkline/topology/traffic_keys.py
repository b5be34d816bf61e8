"""What the keys of `traffic` mean: two sites with a hyphen between, or the prefix of a route."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trunkline.documents.explain import nearest
from trunkline.documents.formats import Fault

REQUESTS = "requests"
"""The one key that is neither."""


def as_prefix(text: str) -> str:
    """The prefix of a route as the model has it: without a slash at its end."""
    return text.rstrip("/") or "/"


def pairs_of(key: str, sites: Collection[str]) -> list[tuple[str, str]]:
    """Every pair of sites that a key can mean: names may hold hyphens too."""
    splits = ((key[:i], key[i + 1 :]) for i, letter in enumerate(key) if letter == "-")
    return [(a, b) for a, b in splits if a in sites and b in sites]


def key_fault(key: str, sites: Sequence[str], prefixes: Collection[str]) -> Fault | None:
    """What keeps a key from naming a pair of different sites, or a route."""
    if key.startswith("/"):
        return _prefix_fault(key, prefixes)
    pairs = pairs_of(key, sites)
    if len(pairs) > 1:
        meanings = " or ".join(f"{a} and {b}" for a, b in pairs)
        return f"{key} may mean {meanings}", "rename a site"
    if not pairs:
        return f"{key} is not a pair of sites", _pair_remedy(key, sites)
    if pairs[0][0] == pairs[0][1]:
        return f"{pairs[0][0]} is paired with itself", "name two sites"
    return None


def _prefix_fault(key: str, prefixes: Collection[str]) -> Fault | None:
    known = [as_prefix(prefix) for prefix in prefixes]
    if as_prefix(key) in known:
        return None
    match = nearest(key, known)
    remedy = f"did you mean {match}?" if match else f"the routes are: {', '.join(known)}"
    return f"{key} is not a route", remedy


def _pair_remedy(key: str, sites: Sequence[str]) -> str:
    known = [f"{a}-{b}" for i, a in enumerate(sites) for b in sites[i + 1 :]]
    if not known:
        return "delete it: there is one site"
    match = nearest(key, known)
    return f"did you mean {match}?" if match else f"the pairs are: {', '.join(known)}"
