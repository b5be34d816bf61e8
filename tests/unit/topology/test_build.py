from __future__ import annotations

from pathlib import Path

import pytest

from trunkline import model
from trunkline.topology import load

SCHEMA_TESTS = Path(__file__).parents[2] / "schema" / "valid"


def valid(name: str) -> model.Topology:
    return load(SCHEMA_TESTS / name)


def test_smallest_gets_every_default() -> None:
    topology = valid("smallest.yaml")
    site = model.Site(
        name="aws",
        cloud="aws",
        account="123456789012",
        region="us-east-1",
        zones=("us-east-1a", "us-east-1b"),
        zone="us-east-1a",
    )
    assert topology == model.Topology(
        name="demo",
        domain="example.com",
        ingress=model.Cloudflare(account_id="0123456789abcdef0123456789abcdef"),
        sites=(site,),
        routing=model.Routing(hostname="api.example.com", routes=(model.Route("/", "aws"),)),
    )


def test_every_key_arrives() -> None:
    topology = valid("every-key.yaml")
    assert isinstance(topology.ingress, model.Cloudflare)
    assert topology.ingress.plan == "business"
    assert topology.ingress.add_ons == ("smart_routing",)
    assert topology.ingress.create_zone
    assert topology.probes == model.Probes(operators=("203.0.113.7/32",), port=9100)
    assert topology.edge == model.Edge(exposure="public")
    assert topology.tags == {"team": "backbone", "empty": ""}
    assert topology.routing == model.Routing(
        hostname="example.com",
        routes=(model.Route("/", "aws"),),
        timeout_seconds=5,
        smart_routing=True,
    )
    (site,) = topology.sites
    assert site.network == model.NewNetwork("10.10.0.0/20")
    assert site.upstream == model.Upstream([model.Server("orders.internal", 8080, tls=False)])
    assert site.machine == "t4g.small"
    assert site.deploy_as == "arn:aws:iam::123456789012:role/trunkline/terraform"


def test_the_collector_arrives_with_its_authority() -> None:
    otlp = valid("otlp.yaml").telemetry.otlp
    assert otlp is not None and (otlp.header, otlp.metrics_seconds) == ("authorization", 30)
    [server] = otlp.upstream.servers
    assert server == model.Server("otel.corp.acme.dev", 4317, tls=True)
    assert otlp.upstream.protocol == "http2"
    assert otlp.upstream.ca is not None and otlp.upstream.ca.startswith("-----BEGIN")


def test_what_cloudflare_does_beside_the_routes() -> None:
    routing = valid("zone-options.yaml").routing
    assert routing.zone == model.ZoneOptions(
        tiered_cache=False,
        polish="off",
        waf=model.Waf(disabled_rules=("0242110ae62e44028a13bf4834780914",), owasp=False),
        client_rate_limit=model.ClientRateLimit(1000, 3600, 86_400),
    )
    limit = routing.zone.client_rate_limit
    assert limit and isinstance(limit.seconds, int) and isinstance(limit.requests, int)
    assert routing.worker == model.WorkerOptions(placement="smart", log_sampling=1)
    assert routing.logpush
    tenth = valid("warn-client-rate-limit-of-free.yaml").routing.worker
    assert tenth.log_sampling == 0.1  # a share is no whole number


def test_a_route_may_be_hedged() -> None:
    hedged, other = valid("hedge.yaml").routing.routes
    assert hedged == model.Route("/a", "aws", ("google",), hedge=True)
    assert not other.hedge


def test_without_hsts_browsers_are_told_nothing() -> None:
    assert valid("hedge.yaml").routing.hsts_seconds == 0


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("local", model.LocalState()),
        (
            "terraform-cloud",
            model.TerraformCloudState(
                organization="acme", project="edge team", hostname="terraform.example.com"
            ),
        ),
        (
            "s3",
            model.S3State(
                bucket="acme-terraform-state", region="eu-west-1", prefix="team/trunkline"
            ),
        ),
        ("gcs", model.GcsState(bucket="acme_terraform.state")),
        (
            "azurerm",
            model.AzurermState(
                resource_group="terraform", storage_account="acmeterraform", container="state"
            ),
        ),
    ],
)
def test_backends(name: str, state: model.State) -> None:
    assert valid(f"state-{name}.yaml").state == state


def test_one_subnet_serves_every_zone() -> None:
    assert valid("azure-existing-network.yaml").sites[0].network == model.ExistingNetwork(
        name="main", subnets={"*": "edges"}, resource_group="network", cidr="10.30.0.0/16"
    )


def test_existing_network_by_name() -> None:
    network = valid("aws-existing-by-name.yaml").sites[0].network
    assert network == model.ExistingNetwork(name="main")


def test_no_probes_and_whole_numbers() -> None:
    topology = valid("no-probes.yaml")
    assert topology.probes is None
    assert type(topology.routing.timeout_seconds) is int


def test_json_gives_the_same() -> None:
    assert valid("compact.json") == valid("indented.json") == valid("tabs.json")


def test_trailing_slash_of_a_route_is_dropped() -> None:
    from trunkline.topology import check_text

    text = (SCHEMA_TESTS / "smallest.yaml").read_text().replace("    /:", "    /api/:")
    topology, _ = check_text(text)
    assert topology is not None
    assert topology.routing.routes == (model.Route("/api", "aws"),)


def test_a_topology_that_wants_no_backbone_has_none() -> None:
    assert valid("backbone-none.yaml").backbone is None
