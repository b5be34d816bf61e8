"""A stack with one write-only secret on one cloud: `secret_app.py <cloud> <version>`."""

from __future__ import annotations

import sys

from trunkline import bindings

bindings.install()

from cdktf import App, LocalBackend, TerraformStack  # noqa: E402

from trunkline import Site  # noqa: E402
from trunkline.clouds import cloud_class  # noqa: E402
from trunkline.patterns.key_variable import ephemeral_variable  # noqa: E402

SITES = {
    "aws": Site(name="shop", cloud="aws", region="us-east-1", zone="us-east-1a"),
    "google": Site(
        name="shop", cloud="google", region="us-east4", zone="us-east4-a", account="acme-shop"
    ),
    "azure": Site(
        name="shop",
        cloud="azure",
        region="eastus",
        zone="1",
        account="4d6f1a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
    ),
    "local": Site(name="shop", cloud="local", region="here", zone="a"),
}

name, version = sys.argv[1:]
app = App()
stack = TerraformStack(app, f"secret-{name}")
LocalBackend(stack, path="terraform.tfstate")
made = cloud_class(name)
made.provider(stack, SITES[name])
key = ephemeral_variable(stack, "node_key", "A key", "It needs 64 hexadecimal digits.")
made(stack, site=SITES[name], name="shop").secret("node-key", key, int(version))
app.synth()
