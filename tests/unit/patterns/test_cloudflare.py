"""The constructs of Cloudflare, in a stack without a topology."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.routings import ACCOUNT, ROUTES, only, routing, synthesized

import trunkline
from trunkline.errors import ConfigurationError


def test_a_worker_answers_the_hostname() -> None:
    stack = routing(timeout_seconds=5)
    assert only(stack, "cloudflare_dns_record")["name"] == "api.example.com"
    assert only(stack, "cloudflare_workers_route")["pattern"] == "api.example.com/*"
    script = only(stack, "cloudflare_workers_script")
    bindings = {each["name"]: each["text"] for each in script["bindings"]}
    assert json.loads(bindings["ORIGINS"]) == {"aws": "https://edge-aws.example.com"}
    assert bindings["TIMEOUT_MS"] == "5000"
    assert script["script_name"] == "trunkline-routing"


def test_origin_rules_override_header_name_and_address() -> None:
    stack = routing(strategy="origin_rules", hostname="www.example.com")
    [rule] = only(stack, "cloudflare_ruleset")["rules"]
    assert rule["action_parameters"] == {
        "host_header": "edge-aws.example.com",
        "origin": {"host": "edge-aws.example.com"},
        "sni": {"value": "edge-aws.example.com"},
    }
    assert "www.example.com" in rule["expression"]
    assert "cloudflare_workers_script" not in stack["resource"]


def test_a_strategy_that_cannot_do_what_the_routes_say_is_refused() -> None:
    failing_over = {"/": {"aws": "a.example.com", "google": "b.example.com"}}
    with pytest.raises(ConfigurationError, match="origin_rules cannot fail over"):
        routing(strategy="origin_rules", routes=failing_over)


def test_a_site_may_have_several_edges_in_the_worker_s_list() -> None:
    hosts = ["edge-aws.example.com", "edge-aws-2.example.com"]
    script = only(routing(routes={"/": {"aws": hosts}}), "cloudflare_workers_script")
    bindings = {each["name"]: each["text"] for each in script["bindings"]}
    assert json.loads(bindings["ORIGINS"]) == {"aws": [f"https://{host}" for host in hosts]}


@pytest.mark.parametrize("strategy", ["origin_rules", "load_balancer"])
def test_a_strategy_that_reaches_one_edge_of_a_site_is_given_one(strategy: str) -> None:
    words = f"{strategy} reaches one public edge of a site: name one hostname for aws, or use"
    with pytest.raises(ConfigurationError, match=words):
        routing(strategy=strategy, routes={"/": {"aws": ["a.example.com", "b.example.com"]}})


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ([], "the origin of aws: name a hostname"),
        (["a.example.com", "b.example.org"], "the origin of aws"),
    ],
)
def test_a_list_of_hostnames_is_checked(hosts: list[str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        routing(routes={"/": {"aws": hosts}})


def test_a_zone_is_looked_up_and_keeps_its_ssl_mode() -> None:
    stack = routing(origin_pulls=True, smart_routing=True)
    [zone] = stack["data"]["cloudflare_zone"].values()
    assert zone["filter"] == {"name": "example.com", "account": {"id": ACCOUNT}}
    assert only(stack, "cloudflare_argo_smart_routing")["value"] == "on"
    assert only(stack, "cloudflare_zone_setting")["setting_id"] == "tls_client_auth"


def test_a_new_zone_reaches_public_edges_over_tls() -> None:
    stack = routing(create_zone=True, origin_pulls=True)
    assert only(stack, "cloudflare_zone")["name"] == "example.com"
    settings = stack["resource"]["cloudflare_zone_setting"].values()
    assert {each["setting_id"]: each["value"] for each in settings} == {
        "tls_client_auth": "on",
        "ssl": "full",
        "always_use_https": "on",
        "min_tls_version": "1.2",
    }


def test_requests_are_written_down_where_it_is_wanted() -> None:
    def datasets(**options: Any) -> list[str]:
        script = only(routing(**options), "cloudflare_workers_script")
        kinds = {each["name"]: each for each in script["bindings"]}
        return [kinds["ANALYTICS"]["dataset"]] if "ANALYTICS" in kinds else []

    assert datasets() == []
    assert datasets(analytics=True, name="shop-eu") == ["shop_eu"]  # a table's name in SQL
    with pytest.raises(ConfigurationError, match="origin_rules writes no analytics"):
        routing(strategy="origin_rules", analytics=True)


def test_browsers_are_told_to_stay_with_https_where_it_is_wanted() -> None:
    def told(**options: Any) -> str:
        script = only(routing(**options), "cloudflare_workers_script")
        return str({each["name"]: each["text"] for each in script["bindings"]}["HSTS_SECONDS"])

    assert told() == "0"
    assert told(hsts_seconds=86_400) == "86400"
    with pytest.raises(ConfigurationError, match="origin_rules sets no headers"):
        routing(strategy="origin_rules", hsts_seconds=86_400)


@pytest.mark.parametrize("create", [True, False])
def test_only_a_new_zone_hands_out_name_servers(create: bool) -> None:
    found: list[object] = []

    def add(scope: Any) -> None:
        zone: dict[str, Any] = {
            "account_id": ACCOUNT,
            "domain": "example.com",
            "create_zone": create,
        }
        made: Any = trunkline.CloudflareRouting(scope, "routing", routes=ROUTES, **zone)
        found.append(made.name_servers)

    synthesized(add)
    assert (found != [None]) == create


def test_a_load_balancer_sends_requests_to_the_healthy_tunnels() -> None:
    both = {"/a": {"aws": "edge-aws.example.com", "google": "edge-google.example.com"}}
    stack = routing(strategy="load_balancer", routes={**both, **ROUTES}, edge_key="${var.key}")
    balancer = only(stack, "cloudflare_load_balancer")
    assert balancer["name"] == "api.example.com"
    assert len(balancer["default_pools"]) == 2  # of /a, the last one
    assert balancer["fallback_pool"] == balancer["default_pools"][0]
    pool = next(iter(stack["resource"]["cloudflare_load_balancer_pool"].values()))
    assert pool["lifecycle"] == {"create_before_destroy": True}  # it may be in use
    [rule] = balancer["rules"]
    assert rule["terminates"] and '"/api/"' in rule["condition"]
    assert "cloudflare_dns_record" not in stack["resource"]
    monitor = only(stack, "cloudflare_load_balancer_monitor")
    assert (monitor["path"], monitor["header"]) == (
        "/healthz",
        {"trunkline-edge-key": ["${var.key}"]},
    )
    [key] = only(stack, "cloudflare_ruleset")["rules"]
    assert key["action_parameters"]["headers"]["trunkline-edge-key"]["value"] == "${var.key}"


@pytest.mark.parametrize(
    ("steering", "policy", "regions"),
    [("order", "off", ["ENAM"]), ("latency", "dynamic_latency", ["ALL_REGIONS"])],
)
def test_the_fastest_site_is_measured_from_all_regions(
    steering: str, policy: str, regions: list[str]
) -> None:
    stack = routing(strategy="load_balancer", steering=steering)
    assert only(stack, "cloudflare_load_balancer")["steering_policy"] == policy
    assert only(stack, "cloudflare_load_balancer_pool")["check_regions"] == regions


@pytest.mark.parametrize("strategy", ["worker", "origin_rules"])
def test_other_strategies_know_no_fastest_site(strategy: str) -> None:
    words = "knows no fastest site: remove steering, or use the strategy load_balancer"
    with pytest.raises(ConfigurationError, match=f"{strategy} {words}"):
        routing(strategy=strategy, steering="latency")


def test_an_unknown_steering_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="unknown steering 'fast': use one of latency, or"):
        routing(strategy="load_balancer", steering="fast")


def test_a_pool_leads_to_a_tunnel_that_may_come_later() -> None:
    stack = routing(strategy="load_balancer")
    [endpoint] = only(stack, "cloudflare_load_balancer_pool")["origins"]
    assert endpoint["header"] == {"host": ["edge-aws.example.com"]}
    assert endpoint["address"].startswith("${try(")
    assert endpoint["address"].endswith('.cfargotunnel.com", "edge-aws.example.com")}')
    tunnels = stack["data"]["cloudflare_zero_trust_tunnel_cloudflareds"]
    [looked_up] = tunnels.values()
    assert (looked_up["name"], looked_up["is_deleted"]) == ("edge-aws", False)


def origin(scope: Any) -> trunkline.EdgeOrigin:
    return trunkline.EdgeOrigin(
        scope, "origin", account_id=ACCOUNT, domain="example.com", hostname="edge.example.com"
    )


def test_a_tunnel_leads_the_hostname_to_envoy() -> None:
    tokens: list[str] = []
    stack = synthesized(lambda scope: tokens.append(origin(scope).add_tunnel("edge")))
    record = only(stack, "cloudflare_dns_record")
    assert (record["type"], record["proxied"]) == ("CNAME", True)
    assert record["content"].endswith(".id}.cfargotunnel.com")
    config = only(stack, "cloudflare_zero_trust_tunnel_cloudflared_config")["config"]
    assert config["ingress"] == [
        {"hostname": "edge.example.com", "service": "http://127.0.0.1:8080"},
        {"service": "http_status:404"},
    ]


def policies(**whom: Any) -> list[dict[str, Any]]:
    """What stands before a route whose AccessPolicy lets in `whom`."""
    policy = trunkline.AccessPolicy(team="acme", **whom)
    stack = routing(access=["/api"], access_policy=policy)
    application = only(stack, "cloudflare_zero_trust_access_application")
    assert application["domain"] == "api.example.com/api"
    assert application["service_auth_401_redirect"] == ("emails" not in whom)
    return list(application["policies"])


def test_access_lets_in_every_service_token_where_nothing_else_is_said() -> None:
    [policy] = policies()
    assert policy["decision"] == "non_identity"
    assert policy["include"] == [{"any_valid_service_token": {}}]


def test_access_lets_in_the_tokens_and_the_people_who_are_named() -> None:
    tokens, people = policies(service_tokens=["t-1", "t-2"], emails=["ada@example.com"])
    assert [each["service_token"]["token_id"] for each in tokens["include"]] == ["t-1", "t-2"]
    assert (people["decision"], people["include"]) == (
        "allow",
        [{"email": {"email": "ada@example.com"}}],
    )
    [only_people] = policies(emails=["ada@example.com"])
    assert only_people["decision"] == "allow"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"access": ["/api"]}, "say whom it lets in with access_policy"),
        ({"access": ["/b"]}, "access: there is no route /b"),
    ],
)
def test_access_without_its_parts_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        routing(**options)


def test_operators_have_a_name_with_access_before_it_on_the_same_tunnel() -> None:
    def add(scope: Any) -> None:
        from cdktf import TerraformLocal

        edge = origin(scope)
        policy = trunkline.AccessPolicy(team="acme")
        TerraformLocal(scope, "audience", edge.add_management("manage.example.com", policy))
        edge.add_tunnel("edge")

    stack = synthesized(add)
    application = only(stack, "cloudflare_zero_trust_access_application")
    assert application["domain"] == "manage.example.com"
    assert stack["locals"]["audience"].endswith(".aud}")
    config = only(stack, "cloudflare_zero_trust_tunnel_cloudflared_config")["config"]
    assert config["ingress"][1] == {
        "hostname": "manage.example.com",
        "service": "http://127.0.0.1:8081",
    }
    records = stack["resource"]["cloudflare_dns_record"].values()
    assert {each["name"] for each in records} == {"edge.example.com", "manage.example.com"}


def test_the_token_of_a_tunnel_is_sensitive() -> None:
    def add(scope: Any) -> None:
        from cdktf import TerraformLocal

        TerraformLocal(scope, "token", origin(scope).add_tunnel("edge"))

    assert synthesized(add)["locals"]["token"].startswith("${sensitive(data.")


def test_a_spare_of_a_public_edge_has_a_name_of_its_own() -> None:
    def add(scope: Any) -> None:
        made = origin(scope)
        made.add_address("192.0.2.1")
        made.add_spare("us-east-1b", "edge-b.example.com", "192.0.2.2")

    records = synthesized(add)["resource"]["cloudflare_dns_record"]
    assert {(each["name"], each["content"], each["proxied"]) for each in records.values()} == {
        ("edge.example.com", "192.0.2.1", True),
        ("edge-b.example.com", "192.0.2.2", True),
    }
    with pytest.raises(ConfigurationError, match=r"add_spare: .*edge\.example\.org"):
        synthesized(lambda scope: origin(scope).add_spare("b", "edge.example.org", "192.0.2.2"))


def test_a_public_edge_is_reached_at_its_address_through_cloudflare() -> None:
    stack = synthesized(lambda scope: origin(scope).add_address("192.0.2.1"))
    record = only(stack, "cloudflare_dns_record")
    assert (record["name"], record["type"]) == ("edge.example.com", "A")
    assert (record["content"], record["proxied"], record["ttl"]) == ("192.0.2.1", True, 1)
