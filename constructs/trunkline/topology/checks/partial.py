"""What the checks of meaning look at: plain data in which refused values are None."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from attrs import field, frozen

from trunkline.addresses.cloudflare import management_hostname, origin_hostname, spare_hostname
from trunkline.clouds.facts import CloudFacts, facts_of
from trunkline.documents.findings import KeyPath, show_path
from trunkline.model import NewNetwork, default_hostname


def _without_unknown_sites(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Empty the sites whose cloud is unknown: the schema has not looked at what they hold."""
    sites = data.get("sites")
    if not isinstance(sites, Mapping):
        return data
    known = {name: site if site and site.get("cloud") else {} for name, site in sites.items()}
    return {**data, "sites": known}


@frozen
class PartialTopology:
    """A topology that may still miss values. Whatever is there fits the schema.

    `facts` are those of each site's cloud, by site; without the sites whose cloud is unknown.
    """

    data: Mapping[str, Any] = field(converter=_without_unknown_sites)
    line: Callable[[KeyPath], int]
    sites: Mapping[str, Mapping[str, Any]] = field(init=False)
    routes: Mapping[str, Mapping[str, Any]] = field(init=False)
    facts: Mapping[str, CloudFacts] = field(init=False)

    @sites.default
    def _sites(self) -> Mapping[str, Mapping[str, Any]]:
        return self.mapping("sites")

    @routes.default
    def _routes(self) -> Mapping[str, Mapping[str, Any]]:
        return {path: route or {} for path, route in self.mapping("routing", "routes").items()}

    @facts.default
    def _facts(self) -> Mapping[str, CloudFacts]:
        clouds = {name: site.get("cloud") for name, site in self.sites.items()}
        return {name: facts_of(cloud) for name, cloud in clouds.items() if cloud}

    def get(self, *path: str) -> Any:
        """The value at `path`, or None where it or something above it is missing."""
        value: Any = self.data
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def text(self, *path: str) -> str:
        """The text at `path`, empty where it is missing."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""

    def mapping(self, *path: str) -> Mapping[str, Any]:
        """The mapping at `path`, empty where it is missing."""
        value = self.get(*path)
        return value if isinstance(value, Mapping) else {}

    def texts(self, *path: str) -> Iterator[tuple[KeyPath, str]]:
        """The path and the text of each item of the list at `path`."""
        value = self.get(*path)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, str):
                yield (*path, index), item

    def zones(self, site: str) -> Iterator[tuple[KeyPath, str]]:
        """The path and the name of each zone that a site mentions, the chosen one last."""
        yield from self.texts("sites", site, "zones")
        if zone := self.text("sites", site, "zone"):
            yield ("sites", site, "zone"), zone

    def network(self, site: str) -> IPv4Network | None:
        """The range of a site's network: declared, the default, or None where it is unknown."""
        network = self.sites[site].get("network", {})
        if network is None or self.is_existing(site) or self.is_on_loopback(site):
            network = {"cidr": None, **(network or {})}
        cidr = network.get("cidr", NewNetwork().cidr)
        return IPv4Network(cidr) if cidr else None

    def is_existing(self, site: str) -> bool:
        """Whether a site says that its network is there already."""
        return "existing" in self.mapping("sites", site, "network")

    def is_on_loopback(self, site: str) -> bool:
        """Whether a site's machines are processes of this machine, whose network is loopback."""
        return site in self.facts and self.facts[site].on_this_machine

    def has_probes(self) -> bool:
        """Whether zones have probes; not where the section or its `enabled` was refused."""
        probes = self.get("probes") if "probes" in self.data else {}
        return isinstance(probes, Mapping) and probes.get("enabled", True) is True

    def hostname(self) -> str:
        """The public hostname, its default included; empty where it cannot be known."""
        routing = self.mapping("routing")
        domain = self.text("domain")
        default = default_hostname(domain) if domain and "hostname" not in routing else ""
        return self.text("routing", "hostname") or default

    def origins(self) -> Mapping[str, Sequence[str]]:
        """The origin hostnames of each site, by its site; none where they cannot be known."""
        name, domain = self.text("name"), self.text("domain")
        if not name or not domain:
            return {}
        return {
            site: (
                origin_hostname(name, site, domain),
                *(spare_hostname(name, site, zone, domain) for zone in self._public_spares(site)),
            )
            for site in self.sites
        }

    def _public_spares(self, site: str) -> Sequence[str]:
        """The zones of a site's further edges, where each of them is public."""
        replicas, zone = self.get("edge", "replicas") or 1, self.text("sites", site, "zone")
        if self.get("edge", "exposure") != "public" or not zone:
            return ()
        candidates = [each for _, each in self.texts("sites", site, "zones") if each != zone]
        named = "spares" in self.mapping("sites", site)
        spares = [each for _, each in self.texts("sites", site, "spares")] if named else candidates
        return spares[: int(replicas) - 1]

    def management_names(self) -> Mapping[str, str]:
        """The hostname for operators of each site that has one, by its site."""
        name, domain = self.text("name"), self.text("domain")
        if not name or not domain:
            return {}
        routes = [each for each in self.routes.values() if each.get("management") is True]
        return {
            site: management_hostname(name, site, domain)
            for site in self.sites
            if any(route.get("site") == site for route in routes)
        }

    def where(self, path: KeyPath) -> str:
        """A path with its line, for messages that name a second place."""
        return f"{show_path(path)} (line {self.line(path)})"
