"""Private DNS zones: the narrowest ones that lead given names elsewhere."""

from __future__ import annotations

from collections.abc import Collection

WILDCARD = "*."


def private_zones(hosts: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The zones that answer for `hosts` alone, each with the names of its records.

    A host is a name, or `*.` before one, which stands for one label or more. A zone has the name of
    its host, never a parent's: it hides all other names below its own from the network. What a
    wildcard answers for already has no zone of its own, and a name and the wildcard below it share
    one: `{"example.com": ("example.com", "*.example.com")}`. A wildcard alone leaves the name that
    it is below without an address in that network.
    """
    zones: dict[str, tuple[str, ...]] = {}
    for host in sorted(set(hosts), key=lambda host: host.removeprefix(WILDCARD)):
        if not _is_covered(host, hosts):
            zone = host.removeprefix(WILDCARD)
            zones[zone] = tuple(sorted((*zones.get(zone, ()), host), reverse=True))
    return zones


def dashed(host: str) -> str:
    """A name as letters, digits and dashes, another for each: a dot becomes a dash, a dash two."""
    return host.replace("-", "--").replace(".", "-")


def _is_covered(host: str, hosts: Collection[str]) -> bool:
    """Whether a wildcard among `hosts` answers for a host as well."""
    labels = host.removeprefix(WILDCARD).split(".")
    parents = (".".join(labels[start:]) for start in range(1, len(labels)))
    return any(WILDCARD + parent in hosts for parent in parents)
