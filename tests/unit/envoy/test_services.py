"""What an edge's configuration holds for services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from trunkline.envoy import (
    Listener,
    LoopbackListener,
    Resources,
    TlsListener,
    application_ports,
    backbone_ports,
    bootstrap,
    dynamic_bootstrap,
    resources,
)
from trunkline.envoy.bootstrap import route_file
from trunkline.errors import ConfigurationError
from trunkline.model import EdgeServices, PrivateWay, Service

PUBLIC = TlsListener(certificate="/c.crt", key="/c.key", client_ca="/ca.crt")
PEERS = ("10.254.0.3", "10.254.0.4")


def service(name: str, *hosts: str, **options: Any) -> Service:
    return Service(name=name, site="google", sites=["aws"], hosts=hosts, **options)


VERTEX = service("vertex", "aiplatform.googleapis.com")
STORAGE = service("storage", "storage.googleapis.com", "*.storage.googleapis.com")
OPENAI = service("openai", "api.openai.com", mode="originate")
LLM = service("llm", "llm.internal", mode="originate", server="10.20.0.9", protocol="http")
DATABASE = service("db", "db.internal", port=5432, protocol="tcp", server="db.example.com")
ALL = (VERTEX, STORAGE, OPENAI, LLM, DATABASE)


def used(*services: Service) -> EdgeServices:
    return EdgeServices(
        used=services,
        networks=("10.10.0.0/16",),
        overlay="10.254.0.0/24",
        peers={"google": PEERS},
    )


def reached(*services: Service) -> EdgeServices:
    return EdgeServices(reached=services, networks=("10.20.0.0/16",), overlay="10.254.0.0/24")


def made(services: EdgeServices, listener: Listener | None = None) -> Resources:
    return resources(
        site="aws",
        zone="us-east-1a",
        cloud="aws",
        routes={},
        upstreams={},
        listener=listener or LoopbackListener(),
        services=services,
    )


def listeners(services: EdgeServices, listener: Listener | None = None) -> dict[str, Any]:
    return {each["name"]: each for each in made(services, listener).listeners}


def clusters(services: EdgeServices) -> dict[str, Any]:
    return {each["name"]: each for each in made(services).clusters}


def routes(services: EdgeServices) -> dict[str, Any]:
    return {each["name"]: each for each in made(services).routes}


def ports(services: EdgeServices) -> dict[str, int]:
    return {
        name: each["address"]["socket_address"]["port_value"]
        for name, each in listeners(services).items()
    }


def test_without_services_nothing_is_added() -> None:
    assert made(EdgeServices()).listeners == made_without().listeners
    assert made(EdgeServices()).clusters == ()


def made_without() -> Resources:
    return resources(
        site="aws",
        zone="us-east-1a",
        cloud="aws",
        routes={},
        upstreams={},
        listener=LoopbackListener(),
    )


def test_applications_ask_at_the_ports_of_their_protocols() -> None:
    assert ports(used(*ALL)) == {
        "edge": 8080,
        "services": 443,
        "service-db": 5432,
        "services-originate": 80,
    }


def test_other_edges_ask_at_ports_of_the_backbone() -> None:
    assert ports(reached(*ALL)) == {
        "edge": 8080,
        "backbone": 8443,
        "service-db": 5432,
        "backbone-originate": 8444,
    }


def test_the_ports_are_those_of_the_listeners() -> None:
    assert {*application_ports(used(*ALL))} == {*ports(used(*ALL)).values()} - {8080}
    assert {*backbone_ports(reached(*ALL))} == {*ports(reached(*ALL)).values()} - {8080}


def test_applications_ask_at_fewer_ports_than_edges() -> None:
    assert application_ports(reached(*ALL)) == []
    assert application_ports(used(DATABASE)) == [5432]


@pytest.mark.parametrize(
    ("services", "prefix"),
    [(used(*ALL), "10.10.0.0/16"), (reached(*ALL), "10.254.0.0/24")],
    ids=["near", "far"],
)
def test_every_chain_takes_its_own_sources_alone(services: EdgeServices, prefix: str) -> None:
    own = [each for name, each in listeners(services).items() if name != "edge"]
    for chain in (chain for each in own for chain in each["filter_chains"]):
        [found] = chain["filter_chain_match"]["source_prefix_ranges"]
        assert f"{found['address_prefix']}/{found['prefix_len']}" == prefix


def test_a_network_without_a_range_would_let_in_everybody() -> None:
    nobody = EdgeServices(used=(VERTEX,), peers={"google": PEERS})
    with pytest.raises(ConfigurationError, match="give the network of its site a cidr"):
        made(nobody)


def test_tls_is_chosen_by_name() -> None:
    chains = listeners(used(*ALL))["services"]["filter_chains"]
    names = [chain["filter_chain_match"]["server_names"] for chain in chains]
    assert names == [
        ["aiplatform.googleapis.com"],
        ["storage.googleapis.com", "*.storage.googleapis.com"],
    ]


def test_edges_of_another_site_come_one_after_another() -> None:
    cluster = clusters(used(VERTEX))["passthrough-google"]
    order = [
        (each["priority"], _address(each["lb_endpoints"][0]))
        for each in cluster["load_assignment"]["endpoints"]
    ]
    assert order == [(0, ("10.254.0.3", 8443)), (1, ("10.254.0.4", 8443))]
    assert cluster["close_connections_on_host_health_failure"] is True


def _address(endpoint: dict[str, Any]) -> tuple[str, int]:
    at = endpoint["endpoint"]["address"]["socket_address"]
    return at["address"], at["port_value"]


def test_no_check_of_an_edge_opens_a_connection_to_a_service() -> None:
    for cluster in clusters(used(*ALL)).values():
        for each in cluster["load_assignment"]["endpoints"]:
            [endpoint] = each["lb_endpoints"]
            assert endpoint["endpoint"]["health_check_config"] == {"port_value": 8444}
    for cluster in clusters(reached(*ALL)).values():
        assert "health_checks" not in cluster


def test_a_site_whose_edges_have_no_keys_yet_has_none() -> None:
    nobody = EdgeServices(used=(VERTEX,), networks=("10.10.0.0/16",))
    assert clusters(nobody)["passthrough-google"]["load_assignment"]["endpoints"] == []


def test_the_edge_resolves_what_a_wildcard_leaves_open() -> None:
    found = clusters(reached(STORAGE))
    fixed = found["service-storage-storage.googleapis.com"]
    assert fixed["cluster_type"]["name"] == "envoy.clusters.dns"
    wild = found["service-storage-*.storage.googleapis.com"]
    assert wild["cluster_type"]["name"] == "envoy.clusters.dynamic_forward_proxy"
    chains = listeners(reached(STORAGE))["backbone"]["filter_chains"]
    assert [len(chain["filters"]) for chain in chains] == [1, 2]


def test_a_service_with_a_server_is_reached_there_alone() -> None:
    wild = service("storage", "*.storage.example.com", server="10.20.0.4")
    [cluster] = clusters(reached(wild)).values()
    assert cluster["type"] == "STATIC"
    [chain] = listeners(reached(wild))["backbone"]["filter_chains"]
    assert len(chain["filters"]) == 1


def test_origination_is_verified_tls() -> None:
    cluster = clusters(reached(OPENAI))["service-openai"]
    context = cluster["transport_socket"]["typed_config"]
    assert context["sni"] == "api.openai.com"
    [name] = context["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"]
    assert name["matcher"] == {"exact": "api.openai.com"}
    assert "transport_socket" not in clusters(reached(LLM))["service-llm"]
    assert "transport_socket" not in clusters(reached(VERTEX))["service-vertex"]


@pytest.mark.parametrize("services", [used(OPENAI), reached(OPENAI)], ids=["near", "far"])
def test_only_what_may_be_done_twice_is_sent_again_after_a_lost_answer(
    services: EdgeServices,
) -> None:
    for table in ("services-originate", "backbone-originate"):
        for host in routes(services).get(table, {}).get("virtual_hosts", ()):
            for route in host["routes"]:
                assert_not_repeated(route)


def assert_not_repeated(route: dict[str, Any]) -> None:
    policy = route.get("route", {}).get("retry_policy", {})
    if "reset" in policy.get("retry_on", "").split(","):
        [header] = route["match"]["headers"]
        methods = header["string_match"]["safe_regex"]["regex"].split("|")
        assert header["name"] == ":method"
        assert not {"POST", "PATCH", "CONNECT"} & {*methods}


def test_answers_may_last() -> None:
    [host, _] = routes(used(OPENAI))["services-originate"]["virtual_hosts"]
    assert [route["route"]["timeout"] for route in host["routes"]] == ["0s", "0s"]


def test_a_new_service_for_http_changes_no_listener() -> None:
    before, after = listeners(used(OPENAI)), listeners(used(OPENAI, LLM))
    assert before == after


def test_origination_below_a_wildcard_needs_a_server() -> None:
    wild = service("wild", "*.example.com", mode="originate")
    with pytest.raises(ConfigurationError, match=r"'wild' makes TLS for '\*\.example\.com'"):
        made(reached(wild))


def test_a_public_edge_shares_its_port_with_services() -> None:
    found = listeners(used(VERTEX), PUBLIC)
    assert "services" not in found
    service_chain, own = found["edge"]["filter_chains"]
    assert service_chain["filter_chain_match"]["server_names"] == ["aiplatform.googleapis.com"]
    assert "filter_chain_match" not in own and "transport_socket" in own
    [reads_names] = found["edge"]["listener_filters"]
    assert reads_names["name"].endswith("tls_inspector")


def test_one_file_holds_the_routes_of_all_listeners() -> None:
    config = bootstrap(made(used(*ALL)), site="aws", zone="a", admin_socket="/a")
    assert "rds" not in str(config["static_resources"]["listeners"])


def test_routes_that_lie_apart_are_the_edges_own() -> None:
    found = made(used(*ALL))
    config = bootstrap(found, site="aws", zone="a", admin_socket="/a", routes_apart=True)
    sources = [manager["rds"]["route_config_name"] for manager in _managers(config)]
    assert sources == ["edge"]
    [table] = route_file(found)["resources"]
    assert table["name"] == "edge"


def _managers(config: dict[str, Any]) -> Sequence[dict[str, Any]]:
    filters = [
        each["typed_config"]
        for listener in config["static_resources"]["listeners"]
        for chain in listener["filter_chains"]
        for each in chain["filters"]
    ]
    return [each for each in filters if "rds" in each]


def test_an_edge_with_services_may_take_more_connections() -> None:
    config = dynamic_bootstrap(
        site="aws", zone="a", folder="/run/x", admin_socket="/a", connections=9999
    )
    _, connections = config["overload_manager"]["resource_monitors"]
    assert connections["typed_config"]["max_active_downstream_connections"] == 9999


def test_the_log_of_a_connection_has_every_failure() -> None:
    services = used(VERTEX)
    found = resources(
        site="aws",
        zone="a",
        cloud="aws",
        routes={},
        upstreams={},
        listener=LoopbackListener(),
        services=services,
        log_limit="/etc/limit.json",
    )
    [chain] = found.listeners[1]["filter_chains"]
    [log] = chain["filters"][0]["typed_config"]["access_log"]
    _, either = log["filter"]["and_filter"]["filters"]
    failed, limited = either["or_filter"]["filters"]
    assert "UF" in failed["response_flag_filter"]["flags"]
    assert "/etc/limit.json" in str(limited)


PRIVATE = PrivateWay(servers=["199.36.153.8", "199.36.153.9"])


def addresses(cluster: dict[str, Any]) -> list[tuple[str, int]]:
    [group] = cluster["load_assignment"]["endpoints"]
    places = [each["endpoint"]["address"]["socket_address"] for each in group["lb_endpoints"]]
    return [(place["address"], place["port_value"]) for place in places]


def test_a_private_endpoint_is_where_the_edge_connects() -> None:
    [cluster] = clusters(reached(evolve(VERTEX, ways={VERTEX.hosts[0]: PRIVATE}))).values()
    assert cluster["type"] == "STATIC"
    assert addresses(cluster) == [("199.36.153.8", 443), ("199.36.153.9", 443)]


def test_the_name_of_a_private_endpoint_is_resolved() -> None:
    way = PrivateWay(servers=["vpce-1.example.com"], by_name=True)
    [cluster] = clusters(reached(evolve(VERTEX, ways={VERTEX.hosts[0]: way}))).values()
    assert "type" not in cluster
    assert cluster["cluster_type"]["name"] == "envoy.clusters.dns"
    assert addresses(cluster) == [("vpce-1.example.com", 443)]


def test_a_private_endpoint_takes_every_name_below_a_wildcard() -> None:
    private = evolve(STORAGE, ways=dict.fromkeys(STORAGE.hosts, PRIVATE))
    made_of_it = clusters(reached(private))
    assert {name: len(addresses(each)) for name, each in made_of_it.items()} == {
        f"service-storage-{host}": 2 for host in STORAGE.hosts
    }
    [listener] = (each for name, each in listeners(reached(private)).items() if name == "backbone")
    filters = [each["name"] for chain in listener["filter_chains"] for each in chain["filters"]]
    assert filters == ["envoy.filters.network.tcp_proxy"] * 2


def test_tls_that_the_edge_makes_is_for_the_host_and_not_for_its_private_endpoint() -> None:
    plain, private = (
        clusters(reached(evolve(OPENAI, ways=ways)))["service-openai"]
        for ways in ({}, {OPENAI.hosts[0]: PRIVATE})
    )
    assert addresses(private) == [(each, 443) for each in PRIVATE.servers]
    assert private["transport_socket"] == plain["transport_socket"]
    [group] = private["load_assignment"]["endpoints"]
    names = {each["endpoint"]["hostname"] for each in group["lb_endpoints"]}
    assert names == {"api.openai.com"}


def test_a_host_without_a_private_endpoint_is_reached_as_before() -> None:
    private = evolve(STORAGE, ways={"storage.googleapis.com": PRIVATE})
    name = "service-storage-*.storage.googleapis.com"
    assert clusters(reached(private))[name] == clusters(reached(STORAGE))[name]
