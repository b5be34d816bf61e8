"""Services: what they are, from where they are reached, and that no two meet at one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.addresses.loopback import EDGE_PORT, MANAGEMENT_PORT
from trunkline.clouds.facts import facts_of
from trunkline.documents.findings import KeyPath, Problem
from trunkline.envoy.statistics import PORT as STATISTICS_PORT
from trunkline.errors import ConfigurationError
from trunkline.model import NO_BACKBONE, ORIGINATE_PORT, PASSTHROUGH_PORT, Service
from trunkline.services.resolve import entry_of, is_address, resolve
from trunkline.topology.authorities import faults
from trunkline.topology.checks.backbone import KIND
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import no_such_site

PATH = ("services",)
EDGES_OWN = frozenset(
    (22, 80, 443, EDGE_PORT, MANAGEMENT_PORT, STATISTICS_PORT, PASSTHROUGH_PORT, ORIGINATE_PORT)
)


def services_have_sites(draft: PartialTopology) -> Iterator[Problem]:
    for name in draft.mapping("services"):
        for path, site in _sites(draft, name):
            if draft.sites and site not in draft.sites:
                yield no_such_site(draft, path, site)
        home = draft.text("services", name, "from")
        for path, site in draft.texts("services", name, "in"):
            if site == home:
                message = f"{site} is the site from which it is reached, and would ask itself"
                yield Problem(path, message, "name other sites")


def _sites(draft: PartialTopology, name: str) -> Iterator[tuple[KeyPath, str]]:
    if home := draft.text("services", name, "from"):
        yield ("services", name, "from"), home
    yield from draft.texts("services", name, "in")


def services_have_a_backbone(draft: PartialTopology) -> Iterator[Problem]:
    if not draft.mapping("services") or "local" in draft.data:
        return
    if "backbone" not in draft.data:
        message = "nothing joins the sites over which services are reached"
        remedy = "say how: backbone: {kind: wireguard}; trunkline backbone compare has the kinds"
        yield Problem(PATH, message, remedy, at_key=True)
    elif draft.get("backbone", "kind") == NO_BACKBONE:
        message = f"services cross sites, which {NO_BACKBONE} does not join"
        remedy = "choose another kind: trunkline backbone compare has them; or delete services"
        yield Problem(KIND, message, remedy)


def services_are_known(draft: PartialTopology) -> Iterator[Problem]:
    """What the catalogue, or the service's own words, lack."""
    for name, data in complete(draft):
        try:
            resolve(name, data, draft.text("sites", data["from"], "region"))
        except ConfigurationError as error:
            for line in str(error).splitlines():
                what, _, remedy = line.removeprefix(f"{name}: ").partition("; ")
                remedy = remedy.rstrip(".") or "correct it"
                yield Problem((*PATH, name), what, remedy, at_key=True)


def services_are_at_home(draft: PartialTopology) -> Iterator[Problem]:
    """A cloud's own services are reached from a site of that cloud."""
    for name, data in complete(draft):
        home, cloud = _home(name, data), draft.text("sites", data["from"], "cloud")
        on_this_machine = draft.is_on_loopback(data["from"])
        if home and cloud and home != cloud and not on_this_machine:
            title = facts_of(home).title
            message = f"it is a service of {title}, and {data['from']} is not a site there"
            yield Problem((*PATH, name, "from"), message, f"name a site of {title}")


def _home(name: str, data: Mapping[str, Any]) -> str | None:
    try:
        return entry_of(name, data).home
    except ConfigurationError:
        return None  # another finding says so


def services_fit_this_machine(draft: PartialTopology) -> Iterator[Problem]:
    """Edges on one address of a Mac have no port for each of them."""
    if "local" not in draft.data:
        return
    for name, service in _resolved(draft):
        if service.protocol == "tcp":
            message = "the edges of this machine pass TLS and HTTP alone, and tcp is neither"
            remedy = "delete it, or use sites in clouds"
            yield Problem((*PATH, name), message, remedy, at_key=True)


def names_can_be_used(draft: PartialTopology) -> Iterator[Problem]:
    for name, service in _resolved(draft):
        path = (*PATH, name)
        if draft.text(*path, "name") and service.tls and service.mode == "passthrough":
            message = "its certificate is for its own host, and a private name would not fit"
            yield Problem((*path, "name"), message, "delete it, or use mode: originate")
        elif wild := _led_nowhere(service):
            message = f"{wild} stands for many hosts, and the edge has to know the one to ask"
            yield Problem(path, message, "choose the one that is used under hosts", at_key=True)
        elif service.dns and any(map(is_address, service.hosts)):
            message = "no DNS leads an IPv4 address to an edge"
            yield Problem(path, message, "give it a private name: name: x.internal", at_key=True)


def _led_nowhere(service: Service) -> str | None:
    """A wildcard in place of the host that the edge itself asks for."""
    if service.mode == "passthrough" and service.protocol != "tcp":
        return None
    hosts = [service.server] if service.server else service.hosts
    return next((host for host in hosts if host.startswith("*.")), None)


def modes_fit(draft: PartialTopology) -> Iterator[Problem]:
    for name, service in _resolved(draft):
        path: KeyPath = (*PATH, name, "mode")
        ways = entry_of(name, draft.mapping(*PATH, name)).authentication
        if service.mode == "passthrough" and service.protocol == "http":
            message = "without TLS nothing says which host is meant, so it cannot pass"
            yield Problem(path, message, "use mode: originate")
        elif service.mode == "originate" and service.protocol == "tcp":
            message = "only HTTP can be originated"
            yield Problem(path, message, "delete it: tcp passes at a port of its own")
        elif service.mode == "originate" and "sigv4" in ways:
            message = "its clients sign the name of the host, so another one breaks their requests"
            yield Problem(path, message, "use mode: passthrough")
        elif service.mode == "originate" and "entra" in ways:
            message = "its libraries send tokens over HTTPS alone; only an API key works here"
            yield Problem(path, message, "use mode: passthrough, or an API key", "warning")


def authorities_of_services_can_be_used(draft: PartialTopology) -> Iterator[Problem]:
    for name, data in draft.mapping("services").items():
        path = (*PATH, name, "ca")
        if not isinstance(data, Mapping) or not (text := draft.text(*path)):
            continue
        if data.get("mode") != "originate" or data.get("protocol") == "http":
            message = "nothing is verified here: the edge makes no TLS"
            yield Problem(path, message, "delete it, or use mode: originate")
        else:
            yield from faults(path, text)


def services_are_apart(draft: PartialTopology) -> Iterator[Problem]:
    """No two have one name, or one port of tcp, at a site that uses both."""
    taken: dict[tuple[str, str], str] = {}
    for name, service in _resolved(draft):
        places = [f"port {service.port}"] if service.protocol == "tcp" else [*service.hosts]
        for place in places:
            for site in (*service.sites, service.site):
                other = taken.setdefault((site, place), name)
                if other != name:
                    where = draft.where((*PATH, other))
                    message = f"{where} has {place} at the site {site} as well"
                    yield Problem((*PATH, name), message, "keep one of them", at_key=True)
                    break


def ports_are_free(draft: PartialTopology) -> Iterator[Problem]:
    for name, service in _resolved(draft):
        if service.protocol == "tcp" and service.port in EDGES_OWN:
            message = f"port {service.port} is the edge's own"
            remedy = "have the service answer at another port"
            yield Problem((*PATH, name), message, remedy, at_key=True)


def networks_are_known(draft: PartialTopology) -> Iterator[Problem]:
    """An edge lets in its own network alone, so it must know the range."""
    told = set()
    for name, data in complete(draft):
        for site in data["in"]:
            if site in draft.sites and draft.network(site) is None and site not in told:
                told.add(site)
                message = f"applications of {site} use {name}, and its network has no range here"
                yield Problem(("sites", site, "network"), message, "say its range as cidr")


def complete(draft: PartialTopology) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The services of which the schema has refused nothing, and whose site there is."""
    for name, data in draft.mapping("services").items():
        whole = isinstance(data, Mapping) and not _refused(data)
        if whole and data.get("from") in draft.sites and data.get("in"):
            yield name, data


def _refused(value: Any) -> bool:
    """Whether the schema has refused the value, or something in it."""
    if isinstance(value, Mapping):
        return any(map(_refused, value.values()))
    return any(map(_refused, value)) if isinstance(value, list) else value is None


def _resolved(draft: PartialTopology) -> Iterator[tuple[str, Service]]:
    for name, data in complete(draft):
        try:
            yield name, resolve(name, data, draft.text("sites", data["from"], "region"))
        except ConfigurationError:
            continue  # another finding says so


CHECKS = (
    services_have_sites,
    services_have_a_backbone,
    services_are_known,
    services_are_at_home,
    services_fit_this_machine,
    names_can_be_used,
    modes_fit,
    authorities_of_services_can_be_used,
    services_are_apart,
    ports_are_free,
    networks_are_known,
)
