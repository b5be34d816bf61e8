"""AssumedTraffic that is assumed on the command line, beside that of the topology."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import evolve

from trunkline.documents.formats import Fault, amount_fault
from trunkline.errors import ConfigurationError
from trunkline.model import AssumedTraffic, Topology
from trunkline.topology.build import traffic_from
from trunkline.topology.traffic_keys import REQUESTS, key_fault

_DIGITS = re.compile(r"[0-9]{1,15}")
_NO_NUMBER = ("this is not a number of requests", f"write {REQUESTS}=20000000")


def assume(topology: Topology, texts: Iterable[str]) -> Topology:
    """The topology with more traffic, as in `a-b=500GB`, `/api=2TB` and `requests=20000000`.

    An amount stands in for that of the file for the same pair, in either order, or route. Raises
    ConfigurationError for a text that names no pair or route, or no amount.
    """
    sites = [site.name for site in topology.sites]
    prefixes = [route.prefix for route in topology.routing.routes]
    given = {}
    for text in texts:
        key, _, amount = text.partition("=")
        if fault := _fault(key, amount, sites, prefixes):
            message, remedy = fault
            raise ConfigurationError(f"--traffic {text}: {message}; {remedy}")
        given[key] = int(amount) if key == REQUESTS else amount
    return evolve(topology, traffic=_merged(topology.traffic, traffic_from(given, sites)))


def _fault(key: str, amount: str, sites: list[str], prefixes: list[str]) -> Fault | None:
    if key == REQUESTS:
        return None if _DIGITS.fullmatch(amount) else _NO_NUMBER
    if fault := key_fault(key, sites, prefixes):
        return fault
    return amount_fault(amount) if amount else ("an amount is missing", f"write {key}=500GB")


def _merged(old: AssumedTraffic, new: AssumedTraffic) -> AssumedTraffic:
    given = {frozenset(pair) for pair in new.pairs}
    kept = {pair: gb for pair, gb in old.pairs.items() if frozenset(pair) not in given}
    return AssumedTraffic(
        pairs={**kept, **new.pairs},
        routes={**old.routes, **new.routes},
        requests=old.requests if new.requests is None else new.requests,
    )
