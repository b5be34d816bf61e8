"""An edge in somebody else's stack: trunkline's EdgeProxy beside resources of one's own.

The service stands in a VPC that is there already; the edge in front of it is reached through a
Cloudflare tunnel, whose token comes as a sensitive variable. No topology file, no Cloudflare
provider.

    pip install 'trunkline[aws]'
    python main.py
    terraform -chdir=cdktf.out/stacks/shop init
"""

from trunkline import bindings

bindings.install()  # before CDKTF: our own imports of its packages are fast as well

from cdktf import App, LocalBackend, TerraformOutput, TerraformStack, TerraformVariable  # noqa: E402
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup  # noqa: E402
from cdktf_cdktf_provider_aws.provider import AwsProvider  # noqa: E402
from constructs import Construct  # noqa: E402

from trunkline import EdgeProxy, ExistingNetwork, Site, Tunnel, Upstream  # noqa: E402


class Shop(TerraformStack):
    """A log group of our own, and an edge before the shop's service."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        LocalBackend(self, path="terraform.tfstate")
        AwsProvider(self, "aws", region="eu-central-1")
        CloudwatchLogGroup(self, "logs", name="/shop/edge", retention_in_days=30)
        token = TerraformVariable(
            self,
            "tunnel_token",
            type="string",
            sensitive=True,
            description="The token of the Cloudflare tunnel",
        )
        key = TerraformVariable(
            self,
            "edge_key",
            type="string",
            sensitive=True,
            description="What requests have to carry: 32 or more letters, digits, - and _",
        )
        edge = EdgeProxy(
            self,
            "edge",
            site=Site(
                name="shop",
                cloud="aws",
                region="eu-central-1",
                zone="eu-central-1a",
                network=ExistingNetwork(
                    id="vpc-0123456789abcdef0",
                    subnets={"eu-central-1a": "subnet-0123456789abcdef0"},
                ),
                upstream=Upstream.from_url("http://10.0.1.20:8080"),
            ),
            exposure=Tunnel(
                hostname="edge.example.com", token=token.string_value, keys=[key.string_value]
            ),
            routes=["/api"],
        )
        TerraformOutput(self, "edge_addresses", value=edge.private_addresses)


app = App()
Shop(app, "shop")
app.synth()
