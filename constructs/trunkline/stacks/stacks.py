"""Which stacks a topology becomes.

zones-<site>    which physical zones the account's zone names mean, where the cloud tells
probes-<site>   the probes of a site
edge-<site>     the edge of a site, and the way to it
routing         what stands before all edges

Each stands alone: names known from the topology join them, never references.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve
from cdktf import App, Fn, LocalBackend, TerraformOutput, TerraformStack, TerraformVariable

from trunkline.addresses.names import origin_url, peers
from trunkline.clouds import cloud_class
from trunkline.ingress import ingress_of
from trunkline.model import Site, Topology
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.probe_set import ProbeSet
from trunkline.stacks.specs import stack_specs
from trunkline.terraform.backends import backend


def add_stacks(app: App, topology: Topology) -> None:
    """Add every stack of `topology` to `app`."""
    for stack in stack_specs(topology):
        match stack.kind, stack.site:
            case "zones", Site() as site:
                ZonesStack(app, topology, site)
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


class ZonesStack(_Stack):
    """What the cloud tells of a site's zones; it makes nothing, and needs the cloud alone."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"zones-{site.name}")
        cloud = cloud_class(site.cloud)
        cloud.provider(self, site, read_only=True)
        TerraformOutput(
            self,
            "physical_zones",
            value=cloud(self, site=site, name=topology.name).physical_zones(site.zones),
            description="The physical zone behind each zone's name; null where there is no zone",
        )


class ProbesStack(_Stack):
    """The probes of one site, and the names under which the others find them."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"probes-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        ingress = ingress_of(topology)
        ingress.provider(self)
        key = TerraformVariable(
            self,
            "probe_key",
            type="string",
            sensitive=True,
            nullable=False,
            description="The key that all probes share: trunkline probe-key prints a new one",
        )
        key.add_validation(
            condition=Fn.can(Fn.regex("^[0-9a-fA-F]{64}$", key.string_value)),
            error_message="It has 64 hexadecimal digits; make one with: trunkline probe-key.",
        )
        zones = topology.probed_zones(site.name)
        probes = ProbeSet(
            self,
            "probes",
            site=evolve(site, zones=zones),
            key=key.string_value,
            peers={zone: peers(topology, site.name, zone) for zone in zones},
            probes=topology.probes,
            name=f"{topology.name}-probe-{site.name}",
            tags=_tags(topology, site),
        )
        ingress.probe_names(self, site, probes.public_addresses)
        TerraformOutput(
            self,
            "public_addresses",
            value=probes.public_addresses,
            description="The IPv4 address of each zone's probe",
        )


class EdgeStack(_Stack):
    """The edge of one site, and the way from the front to it."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"edge-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        ingress = ingress_of(topology)
        ingress.provider(self)
        origin = ingress.origin(self, site)
        edge = EdgeProxy(
            self,
            "edge",
            site=site,
            exposure=origin.exposure,
            routes=[route.prefix for route in topology.routing.routes],
            name=f"{topology.name}-edge-{site.name}",
            tags=_tags(topology, site),
        )
        origin.attach(edge)
        TerraformOutput(
            self,
            "origin_url",
            value=origin_url(topology, site.name),
            description="Where the front reaches the edge",
        )
        TerraformOutput(
            self, "machine_id", value=edge.machine_id, description="The machine that runs Envoy"
        )


class RoutingStack(_Stack):
    """What stands before all edges."""

    def __init__(self, app: App, topology: Topology) -> None:
        super().__init__(app, topology, "routing")
        ingress = ingress_of(topology)
        ingress.provider(self)
        ingress.routing(self)


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


def _tags(topology: Topology, site: Site) -> dict[str, str]:
    return {"topology": topology.name, "site": site.name, **topology.tags}
