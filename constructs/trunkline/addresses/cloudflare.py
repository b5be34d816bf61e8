"""Behind Cloudflare everything has a name in the zone of the topology's domain."""

from __future__ import annotations

from trunkline.addresses.base import Addresses, Endpoint, edge_name
from trunkline.model import EDGE_KEY, LOGPUSH_DESTINATION, Cloudflare

TOKEN = "CLOUDFLARE_API_TOKEN"
KEY = f"TF_VAR_{EDGE_KEY.variable}"


def origin_hostname(topology: str, site: str, domain: str) -> str:
    """The name under which Cloudflare finds the edge of a site.

    It is one label deep, because Cloudflare's free certificate covers no deeper name:
    https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
    """
    return f"{edge_name(topology, site)}.{domain}"


def management_hostname(topology: str, site: str, domain: str) -> str:
    """The name under which operators reach the edge of a site; one label deep as well."""
    return f"{topology}-management-{site}.{domain}"


def origin_url(topology: str, site: str, domain: str) -> str:
    """Scheme and host under which Cloudflare reaches the edge of a site."""
    return f"https://{origin_hostname(topology, site, domain)}"


class CloudflareAddresses(Addresses[Cloudflare]):
    """DNS names; probes have theirs without Cloudflare's proxy, which carries no UDP."""

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
