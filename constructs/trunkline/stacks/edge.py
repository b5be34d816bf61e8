"""The stack `edge-<site>`: the edge of a site, and the way from the ingress to it."""

from __future__ import annotations

from cdktf import App, TerraformOutput
from constructs import Construct

from trunkline.addresses.base import edge_name
from trunkline.addresses.names import management_url, origin_url
from trunkline.clouds import cloud_class
from trunkline.ingress import ingress_of
from trunkline.model import (
    CONTROL_PLANE_HEADER,
    OTLP_HEADER,
    ControlPlane,
    Otlp,
    Site,
    Topology,
)
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.key_variable import certificate_variable, header_variable
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
        )
        attachment.attach(edge)
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
