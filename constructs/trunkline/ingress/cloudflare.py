"""Cloudflare before the edges: tunnels or DNS records lead to them, a Worker or rules route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import TerraformOutput, TerraformVariable
from constructs import Construct

from trunkline import cloudflare
from trunkline.addresses.base import edge_name
from trunkline.addresses.cloudflare import management_hostname, origin_hostnames
from trunkline.addresses.names import node_host, private_node_host, probe_endpoint, public_url
from trunkline.backbone import driver_of
from trunkline.ingress.base import EdgeAttachment, IngressBuilder
from trunkline.model import EDGE_KEY, SMART_ROUTING_VARIABLE, Cloudflare, Management, Site
from trunkline.patterns.cloudflare_routing import CloudflareRouting
from trunkline.patterns.edge_origin import EdgeOrigin
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.exposures import Public, Tunnel
from trunkline.patterns.key_variable import key_variable, previous_key_variable
from trunkline.patterns.logpush import logpush_variables
from trunkline.patterns.mesh_profile import MeshProfile, local_domains


class _TunnelAttachment(EdgeAttachment):
    """A tunnel, which the edge itself opens."""

    def __init__(
        self, origin: EdgeOrigin, name: str, keys: Sequence[str], management: Management | None
    ) -> None:
        token = origin.add_tunnel(name)
        self.exposure = Tunnel(
            hostname=origin.hostname, token=token, keys=keys, management=management
        )

    def attach(self, edge: EdgeProxy) -> None:
        """Nothing is left to do: the tunnel's token leads to it."""


class _PublicAttachment(EdgeAttachment):
    """Proxied DNS records with the public addresses of the edge and, by zone, of its spares."""

    def __init__(self, origin: EdgeOrigin, spares: Mapping[str, str], keys: Sequence[str]) -> None:
        self.exposure = Public(hostname=origin.hostname, spares=spares.values(), keys=keys)
        self._origin = origin
        self._spares = spares

    def attach(self, edge: EdgeProxy) -> None:
        for zone, address in edge.public_addresses.items():
            if zone in self._spares:
                self._origin.add_spare(zone, self._spares[zone], address)
            else:
                self._origin.add_address(address)


class CloudflareIngressBuilder(IngressBuilder[Cloudflare]):
    """The zone, tunnels, DNS records, a Worker or Origin Rules."""

    def add_provider(self, scope: Construct) -> None:
        cloudflare.add_provider(scope)

    def add_attachment(self, scope: Construct, site: Site) -> EdgeAttachment:
        attachment = self._attachment(scope, site)
        attachment.access = self.ingress.access
        return attachment

    def _attachment(self, scope: Construct, site: Site) -> EdgeAttachment:
        hostnames = dict(origin_hostnames(self.topology, site.name))
        origin = EdgeOrigin(
            scope,
            "origin",
            account_id=self.ingress.account_id,
            domain=self.topology.domain,
            hostname=hostnames.pop(site.zone),
        )
        keys = (key_variable(scope, EDGE_KEY), previous_key_variable(scope, EDGE_KEY))
        if self.topology.edge.exposure == "tunnel":
            name = edge_name(self.topology.name, site.name)
            return _TunnelAttachment(origin, name, keys, self._management(origin, site))
        return _PublicAttachment(origin, hostnames, keys)

    def _management(self, origin: EdgeOrigin, site: Site) -> Management | None:
        routes = self.topology.routing.management_of(site.name)
        if not routes or self.ingress.access is None:
            return None
        name = management_hostname(self.topology.name, site.name, self.topology.domain)
        audience = origin.add_management(name, self.ingress.access)
        prefixes = [route.prefix for route in routes]
        return Management(hostname=name, audience=audience, prefixes=prefixes)

    def add_probe_names(self, scope: Construct, site: Site, addresses: Mapping[str, str]) -> None:
        hosts = {zone: probe_endpoint(self.topology, site.name, zone).host for zone in addresses}
        self._add_names(scope, "name", hosts, addresses)

    def add_node_names(
        self, scope: Construct, addresses: Mapping[str, str], private: Mapping[str, str]
    ) -> None:
        hosts = {node: node_host(self.topology, node) for node in addresses}
        own = {f"private-{node}": address for node, address in private.items()}
        hosts |= {f"private-{node}": private_node_host(self.topology, node) for node in private}
        self._add_names(scope, "node-name", hosts, {**addresses, **own})

    def _add_names(
        self, scope: Construct, id: str, hosts: Mapping[str, str], addresses: Mapping[str, str]
    ) -> None:
        """Names for DNS alone; `hosts` and `addresses` have the same keys."""
        zone_id = cloudflare.find_zone(
            scope, "zone", account_id=self.ingress.account_id, domain=self.topology.domain
        )
        for key, host in hosts.items():
            cloudflare.add_dns_record(
                scope,
                f"{id}-{key}",
                zone_id=zone_id,
                hostname=host,
                type="A",
                content=addresses[key],
                proxied=False,
            )

    def add_routing(self, scope: Construct) -> None:
        topology = self.topology
        routing = CloudflareRouting(
            scope,
            "routing",
            account_id=self.ingress.account_id,
            domain=topology.domain,
            routes=self._routes(),
            edge_key=key_variable(scope, EDGE_KEY),
            hostname=topology.routing.hostname,
            name=topology.name,
            strategy=topology.routing.strategy,
            steering=topology.routing.steering,
            hedged=[route.prefix for route in topology.routing.public if route.hedge],
            upstreams=self._upstreams(),
            timeout_seconds=topology.routing.timeout_seconds,
            hsts_seconds=topology.routing.hsts_seconds,
            analytics=topology.routing.analytics,
            access=[r.prefix for r in topology.routing.public if r.forwarding.access],
            access_policy=self.ingress.access,
            create_zone=self.ingress.create_zone,
            smart_routing=self._smart_routing(scope),
            plan=self.ingress.plan,
            zone=topology.routing.zone,
            worker=topology.routing.worker,
            logpush=logpush_variables(scope) if topology.routing.logpush else None,
            origin_pulls=topology.edge.exposure == "public",
        )
        _add_outputs(scope, public_url(topology), routing.name_servers)
        self._add_mesh_profile(scope)

    def _add_mesh_profile(self, scope: Construct) -> None:
        """What is the same for the connectors of all edges, where the backbone has them."""
        backbone = self.topology.backbone
        if backbone is None or not driver_of(backbone.kind).has_connectors:
            return
        MeshProfile(
            scope,
            "mesh",
            account_id=self.ingress.account_id,
            team=backbone.team,
            cidr=backbone.cidr,
            domains=local_domains(self.topology),
            name=f"{self.topology.name} backbone",
            precedence=backbone.precedence,
        )

    def _routes(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        topology = self.topology
        return {
            route.prefix: {s: [*origin_hostnames(topology, s).values()] for s in route.sites}
            for route in self.topology.routing.public
        }

    def _upstreams(self) -> Mapping[str, str]:
        routes = self.topology.routing.public
        named = {route.prefix: route.forwarding.upstream for route in routes}
        return {prefix: name for prefix, name in named.items() if name}

    def _smart_routing(self, scope: Construct) -> str | None:
        """On where it is asked for, else wherever it is bought; None where it cannot be set.

        It is a variable, so that a load test can turn it on and off in between.
        """
        wanted = self.topology.routing.smart_routing
        bought = "smart_routing" in self.ingress.add_ons
        if not wanted and not bought:
            return None
        variable = TerraformVariable(
            scope,
            SMART_ROUTING_VARIABLE,
            type="string",
            nullable=False,
            default="off" if wanted is False else "on",
            description="on or off; trunkline bench --vary smart-routing changes it for a while",
        )
        return variable.string_value


def _add_outputs(scope: Construct, url: str, name_servers: list[str] | None) -> None:
    TerraformOutput(scope, "url", value=url, description="Where requests go")
    if name_servers is not None:
        TerraformOutput(
            scope,
            "name_servers",
            value=name_servers,
            description="Set these at the registrar of the domain",
        )
