"""Services that are reached by private endpoints: that there is one, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.documents.findings import KeyPath, Problem
from trunkline.errors import ConfigurationError
from trunkline.model import PrivateEndpoint, Service
from trunkline.model.catalogue import CatalogueEntry
from trunkline.services.resolve import entry_of, resolve
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.services import complete


@frozen(kw_only=True)
class _Reached:
    """A service of a topology, and where it is reached from."""

    path: KeyPath
    data: Mapping[str, Any]
    entry: CatalogueEntry
    service: Service
    region: str | None

    @property
    def private(self) -> KeyPath:
        return (*self.path, "private")


def endpoints_are_known(draft: PartialTopology) -> Iterator[Problem]:
    """The catalogue knows an endpoint for every host that is used."""
    for each in _private(draft):
        if draft.is_on_loopback(each.data["from"]):
            message = f"{each.data['from']} is on this machine, which has no private endpoints"
            yield Problem(each.private, message, "delete it")
        elif not each.entry.private:
            yield _unknown(each)
        elif missing := [host for host in each.service.servers if host not in _carried(each)]:
            message = f"no private endpoint leads to {', '.join(missing)}"
            known = sorted(_carried(each))
            remedy = f"choose under hosts: {', '.join(known)}" if known else "delete it"
            yield Problem(each.private, message, remedy)


def _unknown(each: _Reached) -> Problem:
    if each.entry.home is None:
        message = "no cloud is its home, and the catalogue knows no private endpoint of it"
        remedy = "delete it; an address in the network of the site, as its host, is private already"
    else:
        message = f"the catalogue knows no private endpoint of {each.entry.title}"
        remedy = "delete it, and see its entry in docs/reference/services.md"
    return Problem(each.private, message, remedy)


def _carried(each: _Reached) -> set[str]:
    return {host for endpoint in each.service.endpoints for host in endpoint.hosts}


def endpoints_are_in_the_region(draft: PartialTopology) -> Iterator[Problem]:
    for each in _private(draft):
        region = each.data.get("region")
        bound = any(endpoint.of_one_region for endpoint in each.service.endpoints)
        if bound and region and each.region and region != each.region:
            message = f"its private endpoint is in {region} alone, and its site in {each.region}"
            remedy = f"delete private, or reach it from a site in {region}"
            yield Problem((*each.path, "region"), message, remedy)


def resources_are_named(draft: PartialTopology) -> Iterator[Problem]:
    """An endpoint may lead to a resource of the user's own, which must be of its type."""
    wanted = {each.path: each for each in _private(draft)}
    for name in draft.mapping("services"):
        path: KeyPath = ("services", name)
        each = wanted.get(path)
        kind = next(iter(_types(each.service.endpoints)), None) if each else None
        given = draft.text("services", name, "resource")
        if kind is None and given and (each or not draft.get("services", name, "private")):
            message = "no private endpoint leads to a resource of yours"
            remedy = "delete it" if each else "delete it, or use private: true"
            yield Problem((*path, "resource"), message, remedy)
        elif kind and each and not given and "resource" not in each.data:
            message = "its private endpoint leads to a resource of yours, and none is named"
            remedy = f"say its ID: resource: /subscriptions/…/providers/{kind}/…"
            yield Problem(each.private, message, remedy)
        elif kind and given and f"/providers/{kind}/".lower() not in given.lower():
            message = f"the resource is not of the type {kind}"
            yield Problem((*path, "resource"), message, f"give the ID of one of {kind}")


def _types(endpoints: tuple[PrivateEndpoint, ...]) -> Iterator[str]:
    yield from (each.resource_type for each in endpoints if each.resource_type)


def routes_can_be_made(draft: PartialTopology) -> Iterator[Problem]:
    """A gateway is a route, in a table that an existing network has to name."""
    for each in _private(draft):
        site = each.data["from"]
        tables = draft.get("sites", site, "network", "existing", "route_tables")
        gateway = any(one.kind == "gateway_endpoint" for one in each.service.endpoints)
        if gateway and draft.is_existing(site) and not tables:
            message = f"its private endpoint is a route, and the network of {site} names no table"
            remedy = "name that of its edges' subnets under route_tables of the existing network"
            yield Problem(each.private, message, remedy)


def _private(draft: PartialTopology) -> Iterator[_Reached]:
    """Services with `private` of which everything else is known, in a site of their home."""
    for name, data in complete(draft):
        if data.get("private") is not True:
            continue
        site = data["from"]
        region = draft.text("sites", site, "region")
        try:
            entry, service = entry_of(name, data), resolve(name, data, region)
        except ConfigurationError:
            continue  # another finding says so
        cloud = draft.text("sites", site, "cloud")
        if cloud and entry.home not in (None, cloud) and not facts_of(cloud).on_this_machine:
            continue  # another finding says so
        path = ("services", name)
        yield _Reached(path=path, data=data, entry=entry, service=service, region=region)


CHECKS = (
    endpoints_are_known,
    endpoints_are_in_the_region,
    resources_are_named,
    routes_can_be_made,
)
