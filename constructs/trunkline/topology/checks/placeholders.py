"""What was left in from an example: it is valid, and nothing of the user's is meant by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from trunkline.documents.findings import Problem
from trunkline.topology.checks.partial import PartialTopology

# https://www.rfc-editor.org/rfc/rfc2606#section-3
DOMAINS = ("example.com", "example.net", "example.org")
# https://www.rfc-editor.org/rfc/rfc5737
DOCUMENTATION = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))

LEFT_IN = "of the examples"
"""How the message of every finding here ends."""

_HEX = "0123456789abcdef"
_ID = re.compile(rf"{_HEX}{_HEX}|(vpc|subnet)-{_HEX}[0-9]")


def examples_are_replaced(draft: PartialTopology) -> Iterator[Problem]:
    """A topology of this machine runs with anything."""
    if "cloudflare" not in draft.data:
        return
    yield from _domain(draft)
    yield from _accounts(draft)
    yield from _networks(draft)
    for path, cidr in draft.texts("probes", "operators"):
        if any(IPv4Network(cidr).subnet_of(block) for block in DOCUMENTATION):
            remedy = "write your own address, from which you fetch the results"
            yield Problem(path, f"{cidr} is an address {LEFT_IN}", remedy, "warning")


def _domain(draft: PartialTopology) -> Iterator[Problem]:
    domain = draft.text("domain")
    if any(f".{domain}".endswith(f".{example}") for example in DOMAINS):
        message = f"{domain} is a domain {LEFT_IN}"
        yield Problem(("domain",), message, "write a domain of your own", "warning")


def _accounts(draft: PartialTopology) -> Iterator[Problem]:
    path: tuple[str, ...] = ("cloudflare", "account_id")
    if _ID.fullmatch(account := draft.text(*path)):
        message = f"{account} is an account {LEFT_IN}"
        remedy = "write your own: the dashboard shows it at the right of your domain's overview"
        yield Problem(path, message, remedy, "warning")
    for site, facts in draft.facts.items():
        path = ("sites", site, "account")
        account = draft.text(*path)
        if facts.example_account and re.fullmatch(facts.example_account, account):
            message = f"{account} is an account {LEFT_IN}"
            yield Problem(path, message, "write your own", "warning")


def _networks(draft: PartialTopology) -> Iterator[Problem]:
    for site in draft.sites:
        existing = ("sites", site, "network", "existing")
        subnets = [(*existing, "subnets", zone) for zone in draft.mapping(*existing, "subnets")]
        for path in ((*existing, "id"), *subnets):
            if _ID.fullmatch(draft.text(*path)):
                message = f"{draft.text(*path)} is an ID {LEFT_IN}"
                yield Problem(path, message, "write your own", "warning")


CHECKS = (examples_are_replaced,)
