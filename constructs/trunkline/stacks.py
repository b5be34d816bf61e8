"""Which stacks a topology becomes.

probes-<site>   the probes of a site
edge-<site>     the edge of a site, with its tunnel and its origin hostname
routing         the public hostname before all edges

Each stands alone: names known from the topology join them, never references.
"""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import App, LocalBackend, TerraformOutput, TerraformStack
from constructs import Construct

from trunkline import cloudflare
from trunkline.backends import backend
from trunkline.clouds import cloud_class
from trunkline.model import Site, Topology
from trunkline.outline import outline
from trunkline.patterns.cloudflare_routing import CloudflareRouting
from trunkline.patterns.edge_origin import EdgeOrigin
from trunkline.patterns.edge_proxy import EdgeProxy, Public, Tunnel
from trunkline.patterns.probe_set import ProbeSet


def add_stacks(app: App, topology: Topology) -> None:
    """Add every stack of `topology` to `app`."""
    for stack in outline(topology):
        match stack.kind, stack.site:
            case "probes", Site() as site:
                ProbesStack(app, topology, site)
            case "edge", Site() as site:
                EdgeStack(app, topology, site)
            case _:
                RoutingStack(app, topology)


class _Stack(TerraformStack):
    """A stack whose state lives where the topology says."""

    def __init__(self, app: App, topology: Topology, name: str) -> None:
        super().__init__(app, name)
        # No required_version: checkov reads no file that has one (3.3.30).
        _add_backend(self, *backend(topology.state, topology.name, name))


class ProbesStack(_Stack):
    """The probes of one site."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"probes-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        probes = ProbeSet(
            self,
            "probes",
            site=site,
            probes=topology.probes,
            name=f"{topology.name}-probe-{site.name}",
            tags=_tags(topology, site),
        )
        TerraformOutput(
            self,
            "public_addresses",
            value=probes.public_addresses,
            description="The public IPv4 address of each zone's probe",
        )


class EdgeStack(_Stack):
    """The edge of one site, and the name under which Cloudflare reaches it."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"edge-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        cloudflare.add_provider(self)
        name = f"{topology.name}-edge-{site.name}"
        origin = EdgeOrigin(
            self,
            "origin",
            account_id=topology.cloudflare.account_id,
            domain=topology.domain,
            hostname=topology.origin_hostname(site.name),
        )
        tunnelled = topology.edge.exposure == "tunnel"
        edge = EdgeProxy(
            self,
            "edge",
            site=site,
            exposure=Tunnel(origin.add_tunnel(name)) if tunnelled else Public(),
            routes=[route.prefix for route in topology.routing.routes],
            name=name,
            tags=_tags(topology, site),
        )
        if not tunnelled:
            origin.add_address(edge.public_address)
        _output(self, "origin_hostname", origin.hostname, "Where Cloudflare reaches the edge")
        _output(self, "machine_id", edge.machine_id, "The machine that runs Envoy")


class RoutingStack(_Stack):
    """The public hostname before all edges."""

    def __init__(self, app: App, topology: Topology) -> None:
        super().__init__(app, topology, "routing")
        cloudflare.add_provider(self)
        routing = CloudflareRouting(
            self,
            "routing",
            account_id=topology.cloudflare.account_id,
            domain=topology.domain,
            routes=_routes(topology),
            hostname=topology.routing.hostname,
            name=topology.name,
            strategy=topology.routing.strategy,
            timeout_seconds=topology.routing.timeout_seconds,
            create_zone=topology.cloudflare.create_zone,
            smart_routing=_smart_routing(topology),
            origin_pulls=topology.edge.exposure == "public",
        )
        _output(self, "url", f"https://{routing.hostname}", "Where requests go")
        if routing.name_servers is not None:
            TerraformOutput(
                self,
                "name_servers",
                value=routing.name_servers,
                description="Set these at the registrar of the domain",
            )


def _add_backend(stack: TerraformStack, name: str, arguments: Mapping[str, object]) -> None:
    """Written as it stands: the framework's classes lack `use_lockfile` and the like.

    Without any backend the framework adds a local one with an absolute path.
    """
    LocalBackend(stack, path=str(arguments.get("path", "")))
    if name == "local":
        return
    if name == "cloud":
        stack.add_override("terraform.backend", None)
        stack.add_override("terraform.cloud", arguments)
    else:
        stack.add_override("terraform.backend.local", None)
        stack.add_override(f"terraform.backend.{name}", arguments)


def _routes(topology: Topology) -> Mapping[str, Mapping[str, str]]:
    return {
        route.prefix: {site: topology.origin_hostname(site) for site in route.sites}
        for route in topology.routing.routes
    }


def _smart_routing(topology: Topology) -> bool:
    """As the topology says; where it says nothing, wherever it is bought."""
    wanted = topology.routing.smart_routing
    return "smart_routing" in topology.cloudflare.add_ons if wanted is None else wanted


def _tags(topology: Topology, site: Site) -> dict[str, str]:
    return {"topology": topology.name, "site": site.name, **topology.tags}


def _output(scope: Construct, name: str, value: str, description: str) -> None:
    TerraformOutput(scope, name, value=value, description=description)
