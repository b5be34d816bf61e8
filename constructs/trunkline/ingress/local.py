"""This machine before the edges: the Worker, in the runtime that Cloudflare runs it in."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import TerraformOutput
from constructs import Construct

from trunkline.addresses import loopback
from trunkline.addresses.base import Endpoint
from trunkline.addresses.names import origin_url, public_url
from trunkline.clouds.local.resources import add_machine
from trunkline.ingress.base import EdgeAttachment, IngressBuilder
from trunkline.local.machine import LocalMachine, LocalProcess
from trunkline.model import LocalIngress, Route, Site, health_path
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.exposures import Loopback
from trunkline.routing import (
    Origin,
    RouteSpec,
    Script,
    VirtualHost,
    workerd_config,
    workerd_script,
)


class _LoopbackAttachment(EdgeAttachment):
    """The edge's own address, which the Worker knows."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.exposure = Loopback(endpoint.port, endpoint.host)

    def attach(self, edge: EdgeProxy) -> None:
        """Nothing is left to do: the address follows from the topology."""


class LocalIngressBuilder(IngressBuilder[LocalIngress]):
    """workerd on a port of 127.0.0.1."""

    def add_provider(self, scope: Construct) -> None:
        """Terraform has what it needs built in."""

    def add_attachment(self, scope: Construct, site: Site) -> EdgeAttachment:
        cidr = loopback.site_cidr(site)
        return _LoopbackAttachment(loopback.edge_endpoint(cidr, site.zone))

    def add_probe_names(self, scope: Construct, site: Site, addresses: Mapping[str, str]) -> None:
        """None are needed: the addresses follow from the topology."""

    def add_node_names(
        self, scope: Construct, addresses: Mapping[str, str], private: Mapping[str, str]
    ) -> None:
        """None are needed: the sites of this machine reach one another without a backbone."""

    def add_routing(self, scope: Construct) -> None:
        endpoint = loopback.ingress_endpoint(self.ingress)
        name = f"{self.topology.name}-ingress"
        add_machine(scope, "ingress", _ingress_group(name, endpoint, self._script()))
        TerraformOutput(
            scope, "url", value=public_url(self.topology), description="Where requests go"
        )

    def _script(self) -> Script:
        topology = self.topology
        host = VirtualHost(
            name=topology.name,
            hostname=topology.routing.hostname,
            routes=[self._route(route) for route in topology.routing.routes],
            timeout_seconds=topology.routing.timeout_seconds,
        )
        return workerd_script(host, topology.routing.strategy)

    def _route(self, route: Route) -> RouteSpec:
        origins = [Origin(site, origin_url(self.topology, site)) for site in route.sites]
        return RouteSpec(route.prefix, origins, route.hedge, health_path(route.forwarding.upstream))


def _ingress_group(name: str, at: Endpoint, script: Script) -> LocalMachine:
    worker = LocalProcess(
        name="workerd",
        program="workerd",
        arguments=("serve", "workerd.capnp"),
        files={
            "workerd.capnp": workerd_config(script, str(at)),
            script.main_module: script.content,
        },
        ready=f"tcp://{at}",
    )
    return LocalMachine(name=name, kind="ingress", processes=(worker,), addresses=(f"tcp {at}",))
