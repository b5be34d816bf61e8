"""A service of Google Cloud for applications on AWS, in stacks of one's own: no topology file.

Applications in the network of `Shop` call Vertex AI under its own name. Their connections go by the
edge there, over WireGuard, and by the edge in `Models` to Google. Each stack is applied by itself.

    pip install 'trunkline[aws,google]'
    python main.py
    export TF_VAR_backbone_shop_1_key=$(openssl rand -hex 32)   # and for models_1
    terraform -chdir=cdktf.out/stacks/shop apply

The public half of such a key: echo $TF_VAR_backbone_shop_1_key | xxd -r -p | base64 | wg pubkey
"""

from trunkline import bindings

bindings.install()  # before CDKTF: our own imports of its packages are fast as well

from cdktf import App, LocalBackend, TerraformOutput, TerraformStack, TerraformVariable  # noqa: E402
from cdktf_cdktf_provider_aws.provider import AwsProvider  # noqa: E402
from cdktf_cdktf_provider_google.provider import GoogleProvider  # noqa: E402
from constructs import Construct  # noqa: E402

from trunkline import (  # noqa: E402
    Backbone,
    EdgeProxy,
    NewNetwork,
    Node,
    NodeKey,
    PrivateService,
    Site,
    Tunnel,
)

SHOP = Site(
    name="shop",
    cloud="aws",
    region="eu-central-1",
    zone="eu-central-1a",
    network=NewNetwork(cidr="10.10.0.0/16"),
)
MODELS = Site(
    name="models",
    cloud="google",
    region="europe-west3",
    zone="europe-west3-a",
    network=NewNetwork(cidr="10.20.0.0/16"),
)
NODES = {
    "shop": [
        Node(
            name="shop-1",
            address="10.254.0.1",
            keys=[
                NodeKey(
                    public_key="p8pJ0Vb0xm1cAo0nFDdPzYbTk0a9hT9Fz8nJ1m3hVhA=",
                    port=51820,
                    made="2026-11-28",
                )
            ],
        )
    ],
    "models": [
        Node(
            name="models-1",
            address="10.254.0.2",
            keys=[
                NodeKey(
                    public_key="mE2y1Q5nq8m1dX0w3pXcW2cKQm4k5y0l3y8E4xw2a1c=",
                    port=51820,
                    made="2026-11-28",
                )
            ],
        )
    ],
}


class EdgeOf(TerraformStack):
    """The edge of one site, which joins the backbone and passes its services."""

    def __init__(self, scope: Construct, site: Site) -> None:
        super().__init__(scope, site.name)
        LocalBackend(self, path="terraform.tfstate")
        self.add_provider(site)
        backbone = Backbone(
            self,
            "backbone",
            kind="wireguard",
            clouds={"shop": "aws", "models": "google"},
            nodes=NODES,
            hosts={"shop-1": "shop-1.example.com", "models-1": "models-1.example.com"},
        )
        vertex = PrivateService(
            backbone, "vertex-ai", site="models", sites=["shop"], region="europe-west3"
        )
        edge = EdgeProxy(
            self,
            "edge",
            site=site,
            backbone=backbone,
            exposure=Tunnel(
                hostname=f"{site.name}.example.com",
                token=self.secret("tunnel_token", "The token of the Cloudflare tunnel"),
                keys=[self.secret("edge_key", "32 or more letters, digits, - and _")],
            ),
        )
        # A DNS record of yours leads <node>.example.com here.
        TerraformOutput(self, "edge_addresses", value=edge.public_addresses)
        TerraformOutput(self, "service_names", value=list(vertex.hosts))

    def add_provider(self, site: Site) -> None:
        if site.cloud == "aws":
            AwsProvider(self, "aws", region=site.region)
        else:
            GoogleProvider(self, "google", project="acme-models", region=site.region)

    def secret(self, name: str, description: str) -> str:
        variable = TerraformVariable(
            self, name, type="string", sensitive=True, description=description
        )
        return str(variable.string_value)


app = App()
for site in (SHOP, MODELS):
    EdgeOf(app, site)
app.synth()
