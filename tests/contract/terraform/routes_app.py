"""A stack whose machine carries an existing network: `routes_app.py <cloud> [table]`."""

from __future__ import annotations

import sys

from trunkline import bindings

bindings.install()

from attrs import evolve  # noqa: E402
from cdktf import App, LocalBackend, TerraformStack  # noqa: E402
from support.sites import AWS, AZURE  # noqa: E402

from trunkline import ExistingNetwork  # noqa: E402
from trunkline.clouds import cloud_class  # noqa: E402
from trunkline.clouds.base import GroupSpec, MachineSpec  # noqa: E402
from trunkline.payload import Firewall, Transit  # noqa: E402

OWN, FAR = "10.10.0.0/16", "10.20.0.0/16"
TABLES = {"aws": "rtb-0123456789abcdef0", "azure": "applications"}
SITES = {site.cloud: evolve(site, account=None) for site in (AWS, AZURE)}


def existing(cloud: str, *tables: str) -> ExistingNetwork:
    """The network, whose route tables the topology names."""
    named = dict(zip(("private",), tables, strict=False))
    if cloud == "aws":
        return ExistingNetwork(name="hub", cidr=OWN, route_tables=named)
    subnets = {"*": "machines"}
    return ExistingNetwork(
        name="hub", cidr=OWN, subnets=subnets, resource_group="shared", route_tables=named
    )


def main(cloud: str, *tables: str) -> None:
    site = evolve(SITES[cloud], network=existing(cloud, *tables))
    app = App()
    stack = TerraformStack(app, f"routes-{cloud}")
    LocalBackend(stack, path="terraform.tfstate")
    made = cloud_class(cloud)
    made.provider(stack, site)
    of_site = made(stack, site=site, name="shop")
    network = of_site.network([site.zone])
    firewall = Firewall(transit=Transit(own=OWN, others=(FAR,)))
    group = of_site.group("edge", GroupSpec(name="e", kind="edge", firewall=firewall), network)
    spec = MachineSpec(name="e", zone=site.zone, units=(), forwards=True)
    of_site.route({"far": FAR}, {site.zone: group.machine("machine", spec)}, network)
    app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:])
