"""A CDKTF app with AWS alone: an edge and probes composed without any part of Cloudflare."""

from __future__ import annotations

from trunkline import bindings

bindings.install()

from cdktf import App, LocalBackend, TerraformStack, TerraformVariable  # noqa: E402
from cdktf_cdktf_provider_aws.provider import AwsProvider  # noqa: E402

from trunkline import (  # noqa: E402
    EdgeProxy,
    Endpoint,
    NewNetwork,
    Peer,
    Probes,
    ProbeSet,
    Site,
    Tunnel,
    Upstream,
)

SITE = Site(
    name="alone",
    cloud="aws",
    region="us-east-1",
    zone="us-east-1b",
    zones=("us-east-1b", "us-east-1e"),
    network=NewNetwork("10.40.0.0/16"),
    upstream=Upstream.from_url("http://10.40.16.9:8080"),
)

app = App()
stack = TerraformStack(app, "aws-alone")
LocalBackend(stack, path="terraform.tfstate")
AwsProvider(stack, "aws", region="us-east-1")
edge_key = TerraformVariable(stack, "edge_key", type="string", sensitive=True, default="0" * 64)
token = TerraformVariable(stack, "token", type="string", sensitive=True, default="the token")
tunnel = Tunnel(hostname="edge.example.com", token=token.string_value, keys=[edge_key.string_value])
EdgeProxy(stack, "edge", site=SITE, exposure=tunnel, routes=["/api"])
key = TerraformVariable(stack, "key", type="string", sensitive=True, default="0" * 64)
peers = [Peer("alone", zone, Endpoint(f"{zone}.example.com", 8100)) for zone in SITE.zones]
ProbeSet(
    stack,
    "probes",
    site=SITE,
    key=key.string_value,
    peers=dict.fromkeys(SITE.zones, peers),
    probes=Probes(operators=("203.0.113.7/32",)),
)
app.synth()
