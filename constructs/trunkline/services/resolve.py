"""From what a topology says of a service to the service: by the catalogue, or by its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from attrs import evolve

from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_SERVICE_PORT, DEFAULT_SERVICE_PROTOCOL, Service
from trunkline.model.catalogue import CatalogueEntry
from trunkline.model.private_endpoint import PrivateEndpoint
from trunkline.services import catalogue

Data = Mapping[str, Any]


def entry_of(name: str, data: Data) -> CatalogueEntry:
    """The entry that a service of a topology means; ConfigurationError where there is none.

    It is the one of the catalogue that `service`, or its own name, says. Where the catalogue has
    none of its name, its own `hosts` make one.
    """
    named = data.get("service")
    if named or name in catalogue.names() or not data.get("hosts"):
        return catalogue.entry(named or name)
    return CatalogueEntry(
        name=name,
        hosts=data["hosts"],
        authentication=["none"],  # what clients do of themselves; nothing signs a host's name
        port=data.get("port") or DEFAULT_SERVICE_PORT,
        protocol=data.get("protocol") or DEFAULT_SERVICE_PROTOCOL,
    )


def resolve(name: str, data: Data, region: str | None) -> Service:
    """The service that `data`, a checked part of a topology, describes.

    `region` is that of the site it is reached from. Raises ConfigurationError with a sentence for
    each value that is missing or does not fit.
    """
    entry = entry_of(name, data)
    values = data.get("values") or {}
    filled = entry.hosts_for(data.get("region") or region, values)
    hosts = _chosen(name, filled, data.get("hosts"))
    protocol = data.get("protocol") or entry.protocol
    private = data.get("name")
    one = hosts[0] if len(hosts) == 1 else None
    if (private or protocol == "tcp") and one is None:
        raise ConfigurationError(
            f"{name}: it has {len(hosts)} hosts, and one port or private name leads to one; choose "
            f"one under hosts: {', '.join(hosts)}"
        )
    options = {
        key: data[key] for key in ("mode", "ca", "dns", "resource") if data.get(key) is not None
    }
    made = entry.private_for(data.get("region") or region, values) if data.get("private") else ()
    return Service(
        name=name,
        site=data["from"],
        sites=data["in"],
        hosts=[private] if private else hosts,
        port=int(data.get("port") or entry.port_for(values)),
        protocol=protocol,
        server=one if private or protocol == "tcp" else None,
        endpoints=_leading_to(hosts, made),
        **options,
    )


def _leading_to(
    hosts: Sequence[str], endpoints: Sequence[PrivateEndpoint]
) -> list[PrivateEndpoint]:
    """Those of the endpoints that answer for some of the hosts, and for no others."""
    known = [evolve(each, hosts=[h for h in each.hosts if h in hosts]) for each in endpoints]
    return [each for each in known if each.hosts]


def is_address(host: str) -> bool:
    """Whether a host is an IPv4 address, which no DNS leads anywhere else."""
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _chosen(name: str, hosts: Sequence[str], wanted: Sequence[str] | None) -> Sequence[str]:
    """Those of an entry's hosts that the topology asks for; all without a wish."""
    if not wanted:
        return hosts
    if unknown := [host for host in wanted if host not in hosts]:
        raise ConfigurationError(
            f"{name}: it has no host {', '.join(unknown)}; choose from {', '.join(hosts)}"
        )
    return wanted
