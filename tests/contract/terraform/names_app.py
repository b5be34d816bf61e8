"""A stack with private names in a network: `names_app.py <cloud> <new or existing>`."""

from __future__ import annotations

import sys

from trunkline import bindings

bindings.install()

from attrs import evolve  # noqa: E402
from cdktf import App, LocalBackend, TerraformStack  # noqa: E402
from support.sites import AWS, AZURE, GOOGLE  # noqa: E402

from trunkline import ExistingNetwork  # noqa: E402
from trunkline.clouds import cloud_class  # noqa: E402

HOSTS = ("api.example.com", "*.example.net", "example.net")
ADDRESSES = ("10.10.0.4", "10.10.16.4")
SITES = {site.cloud: evolve(site, account=None) for site in (AWS, GOOGLE, AZURE)}
EXISTING = {
    "aws": ExistingNetwork(name="hub"),
    "google": ExistingNetwork(name="hub", subnets={"*": "machines"}),
    "azure": ExistingNetwork(name="hub", subnets={"*": "machines"}, resource_group="shared"),
}


def main(cloud: str, network: str) -> None:
    site = SITES[cloud]
    if network == "existing":
        site = evolve(site, network=EXISTING[cloud])
    app = App()
    stack = TerraformStack(app, f"names-{cloud}")
    LocalBackend(stack, path="terraform.tfstate")
    made = cloud_class(cloud)
    made.provider(stack, site)
    of_site = made(stack, site=site, name="shop")
    of_site.private_names("names", HOSTS, ADDRESSES, of_site.network([site.zone]))
    app.synth()


if __name__ == "__main__":
    main(*sys.argv[1:])
