"""The stack `zones-<site>`: which physical zones the account's zone names mean."""

from __future__ import annotations

from cdktf import App, TerraformOutput

from trunkline.clouds import cloud_class
from trunkline.model import Site, Topology
from trunkline.stacks.stack import TopologyStack


class ZonesStack(TopologyStack):
    """What the cloud says of a site's zones; it makes nothing, and needs the cloud alone."""

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
