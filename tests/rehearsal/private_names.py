"""Private DNS zones, as the machines of their networks see them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Addresses = tuple[str, ...]


@dataclass(frozen=True)
class PrivateZone:
    """A zone that some networks see; `records` are the A records by full name, `*.` for all."""

    id: str
    name: str
    networks: frozenset[str]
    records: Mapping[str, Addresses]

    def holds(self, host: str) -> bool:
        return host == self.name or host.endswith(f".{self.name}")

    def addresses(self, host: str) -> Addresses:
        """None where the zone does not know the name, whatever the public DNS says."""
        if host in self.records or host == self.name:
            return self.records.get(host, ())
        return self.records.get(f"*.{self.name}", ())


def private_addresses(zones: Iterable[PrivateZone], network: str, host: str) -> Addresses | None:
    """What a network's private zones answer, the narrowest one; None where it has none."""
    holding = [zone for zone in zones if network in zone.networks and zone.holds(host)]
    if not holding:
        return None
    return max(holding, key=lambda zone: len(zone.name)).addresses(host)


def meets(
    zones: Iterable[PrivateZone], name: str, networks: Collection[str], *, apart: str = ""
) -> bool:
    """Whether another zone than `apart` has this name already, in one of these networks."""
    return any(
        zone.name == name and zone.id != apart and not zone.networks.isdisjoint(networks)
        for zone in zones
    )
