"""The schema's formats: each looks at a text and says what is wrong and what to do, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from ipaddress import IPv4Network, ip_network

Fault = tuple[str, str]
"""What is wrong, and what to do."""

MAX_HOSTNAME = 253
MAX_LABEL = 63

_AMOUNT = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)\Z")
_GIGABYTES = {"MB": 0.001, "GB": 1, "TB": 1_000, "PB": 1_000_000}
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
_CIDR = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}\Z")


def hostname_fault(name: str) -> Fault | None:
    """What keeps `name` from being a hostname in lower case with at least two labels."""
    for check in (_hostname_spelling, _hostname_labels, _hostname_length):
        if fault := check(name):
            return fault
    return None


def ipv4_network_fault(text: str) -> Fault | None:
    """What keeps `text` from being an IPv4 network such as 10.10.0.0/16, without host bits."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return "this is not an IPv4 network", "write address and prefix length, like 10.10.0.0/16"
    if not isinstance(network, IPv4Network):
        return "this is an IPv6 network", "write an IPv4 network, like 10.10.0.0/16"
    if "/" not in text:
        return "the prefix length is missing", f"write {text}/{_likely_prefix(text)}"
    if not _CIDR.match(text):
        return "this is not address/prefix length", f"write {network}"
    if text.partition("/")[0] != str(network.network_address):
        return "the address has bits set behind the prefix", f"write {network}"
    return None


def time_fault(text: str) -> Fault | None:
    """What keeps `text` from being a time such as 2026-11-24T07:42:19Z."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "there is no such time", "it must be a time of UTC, like 2026-11-24T07:42:19Z"
    return None


def amount_fault(text: str) -> Fault | None:
    """What keeps `text` from being an amount of data such as 500 GB."""
    example = "write a number and a unit, like 500 GB"
    if not (match := _AMOUNT.match(text)):
        return "this is not an amount of data", example
    number, unit = match.groups()
    if number.startswith("-"):
        return "traffic cannot be negative", f"{example}, or delete it"
    if not unit:
        return "the unit is missing", f"write {number} GB, if that is what it is"
    if unit not in _GIGABYTES:
        match_of = next((known for known in _GIGABYTES if known.lower() == unit.lower()), None)
        return f"there is no unit {unit}", (
            f"write {number} {match_of}" if match_of else f"use {', '.join(_GIGABYTES)}"
        )
    return None


def gigabytes(text: str) -> float:
    """The gigabytes (10^9 bytes) of an amount without a fault."""
    number, unit = _AMOUNT.fullmatch(text).groups()  # type: ignore[union-attr]
    return float(number) * _GIGABYTES[unit]


def day_fault(text: str) -> Fault | None:
    """What keeps `text` from being a day such as 2026-11-24."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return "there is no such day", "it must be YYYY-MM-DD, like 2026-11-24"
    return None


FORMATS: Mapping[str, Callable[[str], Fault | None]] = {
    "amount": amount_fault,
    "date": day_fault,
    "date-time": time_fault,
    "hostname": hostname_fault,
    "ipv4-network": ipv4_network_fault,
}


def _likely_prefix(address: str) -> int:
    """The prefix length that the zeros at the end of an address suggest."""
    octets = address.split(".")
    while len(octets) > 1 and octets[-1] == "0":
        octets.pop()
    return 8 * len(octets)


def _hostname_spelling(name: str) -> Fault | None:
    if "://" in name or "/" in name:
        return "this is a URL, not a hostname", "write the name alone, like api.example.com"
    if name.startswith("*."):
        return "a wildcard is not a hostname", "write one name, like api.example.com"
    if name.endswith("."):
        return "the hostname ends with a dot", "delete the last dot"
    if not name.isascii():
        return "the hostname has letters outside ASCII", _ascii_remedy(name)
    if name != name.lower():
        return "the hostname has upper-case letters", f"write {name.lower()}"
    return None


def _ascii_remedy(name: str) -> str:
    try:
        return f"write its ASCII form, {name.encode('idna').decode()}"
    except UnicodeError:
        return "write its ASCII form (xn--…)"


def _hostname_labels(name: str) -> Fault | None:
    labels = name.split(".")
    if len(labels) < 2 or "" in labels:
        return "the hostname has too few labels or an empty one", "write it like example.com"
    if long := [label for label in labels if len(label) > MAX_LABEL]:
        return f"a label of the hostname has {len(long[0])} characters", "use at most 63"
    if not all(_LABEL.match(label) for label in labels):
        remedy = "use letters, digits and hyphens, with no hyphen at either end of a label"
        return "the hostname has characters that DNS names do not have", remedy
    if not labels[-1][0].isalpha():
        return "the last label begins with a digit, like an address", "write a name, not an address"
    return None


def _hostname_length(name: str) -> Fault | None:
    if len(name) > MAX_HOSTNAME:
        return f"the hostname has {len(name)} characters", f"use at most {MAX_HOSTNAME}"
    return None
