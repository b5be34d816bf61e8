"""The backbone and its services in somebody else's stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, TUNNEL
from support.stacks import synthesized

from trunkline.errors import ConfigurationError
from trunkline.model import LinkedPair, Node, NodeKey

KEY = NodeKey(public_key="A" * 43 + "=", port=51820, made="2026-11-28")


def node(name: str, address: str) -> Node:
    return Node(name=name, address=address, keys=[KEY])


NODES = {AWS.name: [node("own-1", "10.254.0.1")], "google": [node("google-1", "10.254.0.2")]}
HOSTS = {"own-1": "own.example.com", "google-1": "google.example.com"}
CLOUDS = {AWS.name: "aws", "google": "google"}
NETWORKS = {AWS.name: "10.10.0.0/16", "google": "10.20.0.0/16"}
PAIR = LinkedPair(sites=(AWS.name, "google"))


def backbone(scope: Any, **options: Any) -> Any:
    from trunkline import Backbone

    given = {"kind": "wireguard", "clouds": CLOUDS, "nodes": NODES, "hosts": HOSTS, **options}
    return Backbone(scope, "backbone", **given)


def service(scope: Any, name: str = "openai", **options: Any) -> Any:
    from trunkline import PrivateService

    return PrivateService(scope, name, **{"site": "google", "sites": [AWS.name], **options})


def edge(scope: Any, joined: Any, **options: Any) -> Any:
    from trunkline import EdgeProxy, Tunnel

    given = {"site": AWS, "exposure": Tunnel(**TUNNEL), "backbone": joined, **options}
    return EdgeProxy(scope, "edge", **given)


def refused(make: Any) -> str:
    with pytest.raises(ConfigurationError) as error:
        synthesized(make)
    return str(error.value)


def test_an_edge_joins_and_passes_the_services_that_were_added() -> None:
    def make(scope: Any) -> None:
        joined = backbone(scope)
        added = service(joined)
        assert added.hosts == ("api.openai.com",) and added.port == 443
        edge(scope, joined)

    made = synthesized(make)
    assert made["variable"]["backbone_own_1_key"]["ephemeral"] is True
    assert "backbone_google_1_key" not in made["variable"]
    zones = made["resource"]["aws_route53_zone"].values()
    assert [zone["name"] for zone in zones] == ["api.openai.com"]
    assert "backbone_own_1_key" in json.dumps(made["resource"]["aws_ssm_parameter"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"clouds": {"other": "aws"}}, "nodes: name the sites of clouds, and no others"),
        ({"networks": {"google": "10.20.0.0/16"}}, "networks: name the sites of clouds"),
        ({"hosts": {"own-1": "own.example.com"}}, "hosts: there is none for google-1"),
        ({"cidr": "10.253.0.0/24"}, "nodes: own-1 needs an address of its own in 10.253.0.0/24"),
        ({"clouds": {**CLOUDS, "google": "local"}}, "clouds: google is on this machine"),
        (
            {"nodes": {**NODES, "google": [Node(name="google-1", address="10.254.0.2", keys=[])]}},
            "nodes: google-1 has no keys",
        ),
        ({"pairs": [PAIR]}, "private_hosts: there is none for own-1"),
        ({"pairs": [PAIR], "kind": "nebula"}, "pairs: Nebula takes no links between clouds"),
        ({"pairs": [evolve(PAIR, sites=("x", "google"))]}, "pairs: there is no site x"),
        ({"pairs": [PAIR], "networks": NETWORKS}, "pairs: a link carries no routed networks"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: Any, sentence: str) -> None:
    assert f"Backbone backbone: {sentence}" in refused(lambda scope: backbone(scope, **options))


def test_a_packet_fits_into_a_link_as_well() -> None:
    def make(scope: Any) -> None:
        linked = backbone(scope, pairs=[PAIR], private_hosts=HOSTS).membership(AWS.name)
        assert linked.mtus == {AWS.name: 1440, "google": 1380}
        assert linked.private_hosts == {"google-1": "google.example.com"}

    synthesized(make)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "nobody-knows-it"}, "nobody-knows-it"),
        ({"sites": ["google"]}, "would ask itself"),
        ({"sites": ["nowhere"]}, "nowhere"),
        ({"name": "bedrock", "mode": "originate"}, "it is a service of AWS"),
        ({"port": 70_000}, "port"),
        ({"hosts": ["${var.host}"], "name": "own"}, "service.hosts[0]: "),
        ({"private": True}, "service.private: no cloud is its home"),
        ({"resource": "mine"}, "service.resource: "),
    ],
)
def test_a_service_is_checked_like_that_of_a_topology(options: Any, sentence: str) -> None:
    message = refused(lambda scope: service(backbone(scope), **options))
    assert message.startswith("PrivateService ") and sentence in message


RUNTIME = "bedrock-runtime.us-east-1.amazonaws.com"


def private(scope: Any, region: str) -> None:
    """An edge that reaches a service by its cloud's private endpoint."""
    host = RUNTIME.replace("us-east-1", region)
    joined = backbone(scope)
    options = {"site": AWS.name, "sites": ["google"], "region": region, "hosts": [host]}
    service(joined, "bedrock", private=True, **options)
    edge(scope, joined)


def test_a_service_may_be_reached_by_a_private_endpoint() -> None:
    made = synthesized(lambda scope: private(scope, "us-east-1"))
    [endpoint] = made["resource"]["aws_vpc_endpoint"].values()
    assert endpoint["service_name"] == "com.amazonaws.us-east-1.bedrock-runtime"
    [text] = [each for key, each in made["locals"].items() if "configuration-whole" in key]
    [cluster] = (each for each in json.loads(text)["clusters"] if each["name"] == "service-bedrock")
    [group] = cluster["load_assignment"]["endpoints"]
    [connected] = group["lb_endpoints"]
    name = connected["endpoint"]["address"]["socket_address"]["address"]
    assert name.startswith("${aws_vpc_endpoint.") and name.endswith(".dns_entry[0].dns_name}")
    assert connected["endpoint"]["hostname"] == f"{RUNTIME}:443"
    [item] = [
        each["value"]
        for each in made["resource"]["aws_ssm_parameter"].values()
        if each["name"].endswith("/configuration")
    ]
    assert item.startswith("2 ") and "${sha256(local." in item


def test_a_private_endpoint_is_in_the_region_of_the_edge() -> None:
    assert "is not in us-east-1, the region of shop" in refused(
        lambda scope: private(scope, "us-west-2")
    )


def test_a_service_comes_before_the_edges() -> None:
    def make(scope: Any) -> None:
        joined = backbone(scope)
        edge(scope, joined)
        service(joined)

    assert "add services before edges" in refused(make)


def test_an_edge_of_another_site_cannot_join() -> None:
    def make(scope: Any) -> None:
        edge(scope, backbone(scope, clouds={"google": "google"}, nodes={"google": NODES["google"]}))

    assert f"there is no site {AWS.name!r}; there are google" in refused(make)


def test_an_edge_has_as_many_nodes_as_machines() -> None:
    def make(scope: Any) -> None:
        edge(scope, backbone(scope), spares=["us-east-1b"])

    assert "backbone: there are keys for 1 of the site's 2 edges" in refused(make)


def test_a_loopback_edge_joins_no_backbone() -> None:
    from trunkline import Loopback, NewNetwork, Site

    network = NewNetwork("127.10.0.0/16")
    site = Site(name="here", cloud="local", region="r", zone="r-a", network=network)
    message = refused(lambda scope: edge(scope, backbone(scope), site=site, exposure=Loopback()))
    assert "backbone: an edge with a control_plane, or a Loopback one, cannot join one" in message


def test_a_kind_of_a_vendor_takes_one_auth_key_and_no_keys() -> None:
    bare = {
        site: [Node(name=node.name, address=node.address, keys=[]) for node in nodes]
        for site, nodes in NODES.items()
    }
    made = synthesized(
        lambda scope: edge(scope, backbone(scope, kind="tailscale", nodes=bare, auth_key_version=7))
    )
    assert "tailscale_auth_key" in made["variable"]
    assert "backbone_own_1_key" not in made["variable"]
    parameters = made["resource"]["aws_ssm_parameter"].values()
    assert [each["value_wo_version"] for each in parameters if "value_wo" in each] == [7]


def test_a_network_id_is_for_the_kind_that_has_networks() -> None:
    for options, said in (
        ({"network_id": "8056c2e21c000001"}, "the kind wireguard takes none"),
        ({"kind": "zerotier"}, "the kind zerotier needs one"),
    ):
        assert said in refused(lambda scope, given=options: backbone(scope, **given))
