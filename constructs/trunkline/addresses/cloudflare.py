"""Behind Cloudflare everything has a name in the zone of the topology's domain."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trunkline.addresses.base import Addresses, Endpoint, edge_name, machine_name
from trunkline.model import EDGE_KEY, LOGPUSH_DESTINATION, Cloudflare, Topology
from trunkline.terraform.refusals import Refusal

TOKEN = "CLOUDFLARE_API_TOKEN"
API = "https://api.cloudflare.com/client/v4"
BASE = "CLOUDFLARE_BASE_URL"
"""The variable with which Terraform's provider finds another one than `API`."""
KEY = f"TF_VAR_{EDGE_KEY.variable}"


def origin_hostname(topology: str, site: str, domain: str) -> str:
    """The name under which Cloudflare finds the edge of a site.

    It is one label deep, because Cloudflare's free certificate covers no deeper name:
    https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
    """
    return f"{edge_name(topology, site)}.{domain}"


def spare_hostname(topology: str, site: str, zone: str, domain: str) -> str:
    """The name under which Cloudflare finds a public edge in another zone of a site."""
    return f"{machine_name(edge_name(topology, site), zone)}.{domain}"


def origin_hostnames(topology: Topology, site: str) -> Mapping[str, str]:
    """The names of the edges of a site by their zones, the chosen one first.

    A tunnel leads to all edges of a site by one name. Public edges have one each: Cloudflare does
    not look whether the addresses of one name are healthy.
    https://developers.cloudflare.com/dns/manage-dns-records/how-to/round-robin-dns/
    """
    name, domain = topology.name, topology.domain
    first, *others = topology.edge_zones(site)
    spares = others if topology.edge.exposure == "public" else ()
    return {
        first: origin_hostname(name, site, domain),
        **{zone: spare_hostname(name, site, zone, domain) for zone in spares},
    }


def management_hostname(topology: str, site: str, domain: str) -> str:
    """The name under which operators reach the edge of a site; one label deep as well."""
    return f"{topology}-management-{site}.{domain}"


def origin_url(topology: str, site: str, domain: str) -> str:
    """Scheme and host under which Cloudflare reaches the edge of a site."""
    return f"https://{origin_hostname(topology, site, domain)}"


class CloudflareAddresses(Addresses[Cloudflare]):
    """DNS names; probes have theirs without Cloudflare's proxy, which carries no UDP."""

    refusals = (
        Refusal(
            r"Authentication error|Invalid request headers|Invalid API Token",
            f"Cloudflare takes {TOKEN} not, or not for this: see its permissions in the guide",
        ),
        Refusal(
            r"(?s)cannot delete tunnel.*active connections",
            "Cloudflare has not noticed yet that the machine is gone: run the command again in a "
            "minute",
        ),
        Refusal(
            r"expected exactly one result|no zones? found|zone.*not found",
            "the zone is not in this Cloudflare account, or the token may not read it",
        ),
    )
    holds_more = MappingProxyType({"cloudflare_zone": "every DNS record of the zone"})

    @property
    def zone_comes_from_routing(self) -> bool:
        return self.ingress.create_zone

    def public_url(self) -> str:
        return f"https://{self.topology.routing.hostname}"

    def origin_url(self, site: str) -> str:
        return origin_url(self.topology.name, site, self.topology.domain)

    def management_url(self, site: str) -> str | None:
        if not self.topology.routing.management_of(site):
            return None
        name = management_hostname(self.topology.name, site, self.topology.domain)
        return f"https://{name}"

    def probe_endpoint(self, site: str, zone: str, port: int) -> Endpoint:
        name = f"{zone}.{site}.probes.{self.topology.name}.{self.topology.domain}"
        return Endpoint(name, port)

    def node_host(self, node: str) -> str:
        return f"{node}.backbone.{self.topology.name}.{self.topology.domain}"

    def private_node_host(self, node: str) -> str:
        return f"{node}.private.backbone.{self.topology.name}.{self.topology.domain}"

    def needs_for_names(self) -> tuple[str, ...]:
        if self.ingress.create_zone:
            return (TOKEN, "the routing stack applied: it creates the zone")
        return (TOKEN, f"zone {self.topology.domain}")

    def needs_for_edges(self) -> tuple[str, ...]:
        return (KEY,)

    def needs_for_routing(self) -> tuple[str, ...]:
        logs = (f"TF_VAR_{LOGPUSH_DESTINATION}",) if self.topology.routing.logpush else ()
        if self.ingress.create_zone:
            return (TOKEN, KEY, *logs)
        # Only a zone that the stack creates gets its SSL mode from the stack.
        public = self.topology.edge.exposure == "public"
        mode = ("the zone's SSL mode Full",) if public else ()
        return (*self.needs_for_names(), KEY, *logs, *mode)
