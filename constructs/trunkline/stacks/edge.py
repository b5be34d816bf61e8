"""The stack `edge-<site>`: the edge of a site, and the way from the ingress to it."""

from __future__ import annotations

from cdktf import App, TerraformOutput
from constructs import Construct

from trunkline.addresses.base import edge_name
from trunkline.addresses.names import management_url, node_host, origin_url, private_node_host
from trunkline.backbone import driver_of
from trunkline.clouds import cloud_class
from trunkline.errors import ConfigurationError
from trunkline.ingress import ingress_of
from trunkline.model import (
    CONTROL_PLANE_HEADER,
    OTLP_HEADER,
    Cloudflare,
    ControlPlane,
    Otlp,
    Site,
    Topology,
)
from trunkline.patterns.backbone import Backbone
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.key_variable import (
    certificate_variable,
    header_variable,
)
from trunkline.stacks.edge_services import edge_services
from trunkline.stacks.stack import TopologyStack


class EdgeStack(TopologyStack):
    """An EdgeProxy in the chosen zone, attached to the ingress."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"edge-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        ingress = ingress_of(topology)
        ingress.add_provider(self)
        attachment = ingress.add_attachment(self, site)
        otlp, plane = topology.telemetry.otlp, topology.edge.control_plane
        edge = EdgeProxy(
            self,
            "edge",
            site=site,
            exposure=attachment.exposure,
            spares=topology.edge_zones(site.name)[1:],
            routes={route.prefix: route.forwarding for route in topology.routing.routes},
            name=edge_name(topology.name, site.name),
            tags=self.tags(site),
            poll_seconds=topology.edge.poll_seconds,
            http=topology.edge.http,
            versions=topology.edge.versions,
            access=attachment.access,
            control_plane=plane,
            control_plane_certificate=_certificate(self, site, plane),
            control_plane_header=_header(
                self, CONTROL_PLANE_HEADER, "edge.control_plane.header", plane
            ),
            otlp=otlp,
            otlp_header=_header(self, OTLP_HEADER, "telemetry.otlp.header", otlp),
            backbone=_backbone(self, topology),
            services=edge_services(topology, site),
        )
        attachment.attach(edge)
        if topology.backbone:
            names = topology.node_names(site.name)
            public = dict(zip(names, edge.public_addresses.values(), strict=True))
            linked = topology.backbone.linked(site.name)
            private = dict(zip(names, edge.private_addresses.values(), strict=True))
            ingress.add_node_names(self, public, private if linked else {})
        TerraformOutput(
            self,
            "origin_url",
            value=origin_url(topology, site.name),
            description="Where the ingress reaches the edge",
        )
        TerraformOutput(
            self,
            "machine_id",
            value=edge.machine_ids[site.zone],
            description="The machine that runs Envoy in the chosen zone",
        )
        if topology.edge.replicas > 1:
            TerraformOutput(
                self,
                "machine_ids",
                value=edge.machine_ids,
                description="The machines that run Envoy, by zone",
            )
        if url := management_url(topology, site.name):
            TerraformOutput(
                self, "management_url", value=url, description="Where operators reach the edge"
            )
        self.add_connections(
            site,
            private_address=edge.private_addresses[site.zone],
            network_id=edge.network_id,
            security_group=edge.security_group,
            identity=edge.identity,
        )


def _header(
    scope: Construct, name: str, place: str, server: Otlp | ControlPlane | None
) -> str | None:
    return header_variable(scope, name, place) if server and server.header else None


def _certificate(scope: Construct, site: Site, server: ControlPlane | None) -> str | None:
    if server is None or not server.client_certificate:
        return None
    return certificate_variable(scope, cloud_class(site.cloud).secret_bytes)


def _backbone(scope: Construct, topology: Topology) -> Backbone | None:
    """What joins the edges of all sites; None where nothing does.

    Raises ConfigurationError where a site has no keys yet.
    """
    backbone = topology.backbone
    if backbone is None:
        return None
    driver = driver_of(backbone.kind)
    of_sites = {each.name: backbone.nodes.get(each.name, ()) for each in topology.sites}
    for name, nodes in of_sites.items():
        known = [node for node in nodes if node.keys or not driver.makes_keys]
        if len(known) < len(topology.node_names(name)):
            what = "keys" if driver.makes_keys else "addresses"
            raise ConfigurationError(
                f"there are no {what} yet for the edges of {name}: make them with trunkline keys"
            )
    names = [node.name for nodes in of_sites.values() for node in nodes]
    return Backbone(
        scope,
        "backbone",
        kind=backbone.kind,
        clouds={each.name: each.cloud for each in topology.sites},
        nodes=of_sites,
        hosts={name: node_host(topology, name) for name in names},
        cidr=backbone.cidr,
        auth_key_version=backbone.auth_key_version,
        network_id=backbone.network_id,
        authorities=backbone.authorities,
        networks=topology.carried_networks,
        account_id=_account(topology) if driver.has_connectors else None,
        connectors=f"{topology.name}-edge",
        pairs=backbone.pairs,
        private_hosts={name: private_node_host(topology, name) for name in names}
        if backbone.pairs
        else None,
    )


def _account(topology: Topology) -> str | None:
    """The Cloudflare account that holds the connectors."""
    ingress = topology.ingress
    return ingress.account_id if isinstance(ingress, Cloudflare) else None
