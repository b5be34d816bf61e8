"""What the sky makes of resources: firewalls, routes out, identities, names."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import json
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from doubles.providers.effects import RefusedError
from doubles.services.trust import Authority

from rehearsal import analytics_api, cloudflare_api, distances
from rehearsal.cloudflare_edge import (
    SETTING,
    CloudflareEdge,
    Connection,
    find_zone,
    rules_refused,
    token,
)
from rehearsal.clouds import BY_CLOUD, aws, azure, google
from rehearsal.firewall import Firewall, Rule, ruleset
from rehearsal.names import address_of
from rehearsal.sky import Sky
from rehearsal.world import CLOUDFLARE, World
from trunkline.model import ExistingNetwork, Site


def world(**resources: list[dict[str, Any]]) -> World:
    made = World()
    for kind, states in resources.items():
        for number, state in enumerate(states):
            made.put(kind, {"id": f"{kind}-{number}", **state})
    return made


INSTANCE = {
    "subnet_id": "subnet",
    "private_ip": "10.10.0.10",
    "public_ip": "198.18.0.1",
    "vpc_security_group_ids": ["group"],
    "iam_instance_profile": "profile",
    "user_data_base64": base64.b64encode(gzip.compress(b"#cloud-config\n")).decode(),
}
ROUTE = {
    "aws_subnet": [{"id": "subnet", "cidr_block": "10.10.0.0/20", "availability_zone": "r-1b"}],
    "aws_route_table_association": [{"subnet_id": "subnet", "route_table_id": "table"}],
    "aws_route": [
        {"route_table_id": "table", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw"}
    ],
}


def test_a_security_group_lets_pass_what_its_rules_name_and_nothing_else() -> None:
    https = {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}
    made = world(
        **ROUTE,
        aws_vpc_security_group_egress_rule=[
            {**https, "security_group_id": "group"},
            {**https, "security_group_id": "another"},
        ],
    )
    found = aws.SKY.firewall(made, INSTANCE)
    assert list(found.rules) == [Rule("out", ("0.0.0.0/0",), "tcp", (443, 443))]
    assert (found.rest_in, found.rest_out, found.way_out) == (False, False, True)


@pytest.mark.parametrize("missing", ["aws_route", "aws_route_table_association", "public_ip"])
def test_without_a_route_or_an_address_nothing_gets_out(missing: str) -> None:
    made = world(**{kind: states for kind, states in ROUTE.items() if kind != missing})
    machine = {**INSTANCE, "public_ip": ""} if missing == "public_ip" else INSTANCE
    assert not aws.SKY.firewall(made, machine).way_out


def policy(arn: str) -> str:
    statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": [arn]}
    return json.dumps({"Statement": [statement]})


@pytest.mark.parametrize(("arn", "granted"), [("arn:1", True), ("arn:2", False)])
def test_a_role_reads_what_its_policy_grants(arn: str, granted: bool) -> None:
    made = world(
        aws_iam_instance_profile=[{"name": "profile", "role": "role"}],
        aws_iam_role_policy=[{"role": "role", "policy": policy(arn)}],
        aws_ssm_parameter=[{"arn": "arn:1", "name": "/key", "value": "secret"}],
    )
    found = aws.SKY.granted(made, INSTANCE)
    assert found == ({"/key": "secret"} if granted else {})


def test_a_role_reads_what_came_by_a_write_only_argument() -> None:
    made = world(
        aws_iam_instance_profile=[{"name": "profile", "role": "role"}],
        aws_iam_role_policy=[{"role": "role", "policy": policy("arn:1")}],
        aws_ssm_parameter=[{"arn": "arn:1", "name": "/key", "value": None}],
    )
    [parameter] = made.all("aws_ssm_parameter")
    made.write("aws_ssm_parameter", parameter, {"value_wo": "unseen"})
    made.write("aws_ssm_parameter", parameter, {})  # another change, of the same version
    assert aws.SKY.granted(made, INSTANCE) == {"/key": "unseen"}


def test_google_reads_the_newest_version_of_a_secret() -> None:
    made = world(
        google_secret_manager_secret=[{"id": "s", "secret_id": "key"}],
        google_secret_manager_secret_iam_member=[
            {"secret_id": "s", "member": "serviceAccount:me", "role": google.ACCESSOR}
        ],
        google_secret_manager_secret_version=[
            {"secret": "s", "secret_data": "old"},
            {"secret": "s", "secret_data": "new"},
        ],
    )
    assert google.SKY.granted(made, {"service_account": [{"email": "me"}]}) == {"key": "new"}


def test_googles_rules_come_by_priority_a_denial_before_what_allows() -> None:
    def rule(
        priority: int | None, kind: str, account: str = "me", network: str = "mine"
    ) -> dict[str, Any]:
        return {
            "network": network,
            "direction": "EGRESS",
            "priority": priority,
            "destination_ranges": ["0.0.0.0/0"],
            "target_service_accounts": [account],
            kind: [{"protocol": "tcp", "ports": ["443"]}],
        }

    made = world(
        google_compute_firewall=[
            rule(65_000, "deny"),
            rule(None, "allow"),
            rule(1000, "deny"),
            rule(1, "allow", account="somebody else"),
            rule(1, "allow", network="another"),
        ],
        google_compute_subnetwork=[{"id": "subnet", "network": "mine"}],
    )
    interface = {"subnetwork": "subnet", "access_config": [{"nat_ip": "198.18.0.9"}]}
    machine = {"network_interface": [interface], "service_account": [{"email": "me"}]}
    found = google.SKY.firewall(made, machine)
    assert [each.passes for each in found.rules] == [False, True, False]
    assert found.rest_out and not found.rest_in


def test_azures_rules_come_by_priority() -> None:
    def rule(priority: int, access: str) -> dict[str, Any]:
        return {
            "network_security_group_name": "group",
            "resource_group_name": "rg",
            "direction": "Outbound",
            "priority": priority,
            "access": access,
            "protocol": "*",
            "destination_port_range": "*",
            "destination_address_prefix": "*",
        }

    made = world(
        azurerm_network_interface=[
            {
                "id": "nic",
                "ip_configuration": [
                    {
                        "subnet_id": "subnet",
                        "private_ip_address": "10.30.0.10",
                        "public_ip_address_id": "ip",
                    }
                ],
            }
        ],
        azurerm_subnet=[
            {"id": "subnet", "resource_group_name": "rg", "virtual_network_name": "vnet"}
        ],
        azurerm_virtual_network=[
            {"resource_group_name": "rg", "name": "vnet", "address_space": ["10.30.0.0/16"]}
        ],
        azurerm_network_interface_security_group_association=[
            {"network_interface_id": "nic", "network_security_group_id": "nsg"}
        ],
        azurerm_network_security_group=[
            {"id": "nsg", "name": "group", "resource_group_name": "rg"}
        ],
        azurerm_network_security_rule=[rule(4096, "Deny"), rule(200, "Allow")],
    )
    found = azure.SKY.firewall(made, {"network_interface_ids": ["nic"]})
    ours = [each.passes for each in found.rules if each.direction == "out"]
    assert ours == [True, False]
    assert found.rules[-1] == Rule("in", ("10.30.0.0/16",))  # AllowVnetInBound


@pytest.mark.parametrize(
    ("rules", "read"),
    [
        ({}, {"key": "k"}),
        ({"virtual_network_subnet_ids": ["subnet"]}, {"key": "k"}),
        ({"virtual_network_subnet_ids": ["another"]}, {}),
        ({"virtual_network_subnet_ids": ["subnet", "bare"], "from": "bare"}, {}),
    ],
)
def test_a_closed_vault_answers_its_subnets_alone(
    rules: dict[str, Any], read: dict[str, str]
) -> None:
    subnet = rules.pop("from", "subnet")
    made = world(
        azurerm_subnet=[
            {"id": "subnet", "service_endpoints": ["Microsoft.KeyVault"]},
            {"id": "bare", "service_endpoints": None},
        ],
        azurerm_network_interface=[
            {
                "id": "nic",
                "ip_configuration": [{"subnet_id": subnet, "private_ip_address": "10.30.0.10"}],
            }
        ],
        azurerm_user_assigned_identity=[{"id": "who", "principal_id": "p"}],
        azurerm_key_vault_access_policy=[
            {"object_id": "p", "key_vault_id": "vault", "secret_permissions": ["Get"]}
        ],
        azurerm_key_vault=[
            {"id": "vault", "network_acls": [{"default_action": "Deny", **rules}] if rules else []}
        ],
        azurerm_key_vault_secret=[{"key_vault_id": "vault", "name": "key", "value": "k"}],
    )
    machine = {"identity": [{"identity_ids": ["who"]}], "network_interface_ids": ["nic"]}
    assert azure.SKY.granted(made, machine) == read


def existing(**sites: tuple[str, str, ExistingNetwork]) -> World:
    """A world with the networks of sites, each a cloud, a zone and a network."""
    made = World()
    for name, (cloud, zone, network) in sites.items():
        site = Site(name=name, cloud=cloud, region="r-1", zone=zone, account="mine")
        for kind, state in BY_CLOUD[cloud].network(site, network):
            made.put_before(kind, state)
    return made


def test_a_network_that_exists_is_found_by_its_name_and_has_a_way_out() -> None:
    made = existing(
        one=("aws", "r-1b", ExistingNetwork(name="main")),
        two=("google", "r-1-a", ExistingNetwork(name="main", subnets={"*": "edges"})),
        three=(
            "azure",
            "1",
            ExistingNetwork(name="main", subnets={"*": "edges"}, resource_group="network"),
        ),
    )
    vpc = aws.SKY.answer(made, "aws_vpc", {"tags": {"Name": "main"}})
    assert vpc is not None
    wanted = {"vpc_id": vpc["id"], "availability_zone": "r-1b"}
    subnet = aws.SKY.answer(made, "aws_subnet", wanted)
    assert subnet is not None
    assert aws.SKY.firewall(made, {**INSTANCE, "subnet_id": subnet["id"]}).way_out
    wanted = {"name": "edges", "region": "r-1"}
    assert google.SKY.answer(made, "google_compute_subnetwork", wanted) is not None
    wanted = {
        "name": "edges",
        "virtual_network_name": "main",
        "resource_group_name": "network",
    }
    assert azure.SKY.answer(made, "azurerm_subnet", wanted) is not None
    assert made.left() == []  # no stack has made it, so none has to destroy it


@pytest.mark.parametrize(
    ("cloud", "kind", "config", "words"),
    [
        ("aws", "aws_vpc", {"tags": {"Name": "mian"}}, "no matching EC2 VPC found"),
        (
            "aws",
            "aws_subnet",
            {"vpc_id": "vpc-main", "availability_zone": "r-1c"},
            "no matching EC2 Subnet found",
        ),
        ("google", "google_compute_subnetwork", {"name": "x", "region": "r"}, "Not Found : x"),
        (
            "azure",
            "azurerm_subnet",
            {"name": "x", "virtual_network_name": "y", "resource_group_name": "z"},
            "Subnet (x, y, z) was not found",
        ),
    ],
)
def test_a_network_that_does_not_exist_is_refused_in_the_providers_words(
    cloud: str, kind: str, config: dict[str, Any], words: str
) -> None:
    made = existing(one=("aws", "r-1b", ExistingNetwork(name="main")))
    with pytest.raises(RefusedError, match=re.escape(words)):
        BY_CLOUD[cloud].answer(made, kind, config)


def test_a_zone_is_found_by_its_name_in_its_account_alone() -> None:
    made = world(cloudflare_zone=[{"id": "z", "name": "example.com", "account": {"id": "mine"}}])
    wanted = {"filter": {"name": "example.com", "account": {"id": "mine"}}}
    assert find_zone(made, wanted)["zone_id"] == "z"
    wanted["filter"]["account"] = {"id": "another"}
    with pytest.raises(RefusedError, match="exactly one result: 0 found"):
        find_zone(made, wanted)


def test_a_machine_behind_no_rule_is_closed_but_for_answers_and_its_clouds_own_hosts() -> None:
    text = ruleset(Firewall(()), "10.0.0.9", "198.18.0.9", ("169.254.169.254",))
    assert "dnat to 10.0.0.9" in text
    assert "snat to 198.18.0.9" in text
    assert "policy drop" in text
    assert "ip daddr { 169.254.169.254 } accept" in text
    assert text.count("\n    drop\n") == 2


def test_a_rule_names_ranges_ports_and_a_verdict() -> None:
    rules = [
        Rule("in", ("203.0.113.0/24", "198.51.100.7/32"), "tcp", (8100, 8101)),
        Rule("out", ("0.0.0.0/0",), passes=False),
    ]
    text = ruleset(Firewall(rules, rest_out=True), "10.0.0.9", None, ("169.254.169.254",))
    assert "ip saddr { 203.0.113.0/24, 198.51.100.7/32 } tcp dport 8100-8101 accept" in text
    assert "nat to" not in text


def test_a_proxied_name_leads_to_cloudflare_and_another_to_its_content() -> None:
    made = world(
        cloudflare_dns_record=[
            {"name": "api.example.com", "content": "100::", "proxied": True},
            {"name": "probe.example.com", "content": "198.18.0.7", "proxied": False},
        ]
    )
    assert address_of(made, "api.example.com") == CLOUDFLARE
    assert address_of(made, "probe.example.com") == "198.18.0.7"
    assert address_of(made, "nobody.example.com") is None


def test_a_token_names_its_account_and_its_tunnel() -> None:
    said = json.loads(base64.b64decode(token("tunnel", "account")))
    assert (said["a"], said["t"]) == ("account", "tunnel")
    assert token("tunnel", "account") != token("other", "account")


@dataclass
class Asked:
    """A request of Cloudflare's API or of an origin."""

    path: str
    headers: dict[str, str] = field(default_factory=lambda: {"authorization": "Bearer mine"})
    command: str = "GET"


def ask(world: World, path: str) -> Any:
    status, body = cloudflare_api.answer(world, Asked(path))
    return status, json.loads(body)


def test_cloudflares_api_shows_what_a_zone_and_an_account_hold() -> None:
    made = world(
        cloudflare_zone=[{"id": "z", "name": "example.com"}, {"id": "y", "name": "example.net"}],
        cloudflare_zone_setting=[
            {"id": "ssl", "zone_id": "z", "setting_id": "ssl", "value": [b'"string"', "full"]},
            {"id": "tls", "zone_id": "y", "setting_id": "ssl", "value": [b'"string"', "off"]},
        ],
        cloudflare_zero_trust_access_service_token=[
            {"account_id": "mine", "name": "robot", "client_secret": "hush"}
        ],
        cloudflare_logpush_job=[{"id": 1, "zone_id": "z", "destination_conf": "r2://logs?hush"}],
        cloudflare_tiered_cache=[{"id": "t", "zone_id": "z", "value": "on"}],
        cloudflare_argo_tiered_caching=[{"id": "a", "zone_id": "z", "value": "on"}],
    )
    _, zones = ask(made, "/client/v4/zones?name=example.com")
    assert [zone["id"] for zone in zones["result"]] == ["z"]
    _, settings = ask(made, "/client/v4/zones/z/settings")
    assert [each["value"] for each in settings["result"]] == ["full"]
    _, tokens = ask(made, "/client/v4/accounts/mine/access/service_tokens")
    assert [each["name"] for each in tokens["result"]] == ["robot"]
    assert "hush" not in json.dumps(tokens)
    jobs, *settings = (
        ask(made, f"/client/v4/zones/z/{path}")[1]["result"]
        for path in (
            "logpush/jobs",
            "argo/tiered_caching",
            "cache/tiered_cache_smart_topology_enable",
        )
    )
    assert jobs == [{"id": 1, "zone_id": "z"}]
    assert [[each["value"] for each in one] for one in settings] == [["on"], ["on"]]


def test_cloudflares_api_refuses_a_stranger_and_a_path_that_it_does_not_know() -> None:
    assert cloudflare_api.answer(world(), Asked("/client/v4/zones", headers={}))[0] == 400
    assert cloudflare_api.answer(world(), Asked("/client/v4/zones", command="POST"))[0] == 405
    status, said = ask(world(), "/client/v4/nothing")
    assert (status, said["success"]) == (404, False)


def test_cloudflares_api_lists_a_tunnel_that_is_not_deleted_and_its_connectors() -> None:
    kind = "cloudflare_zero_trust_tunnel_cloudflared"
    made = world(**{kind: [{"id": "t", "account_id": "mine", "name": "edge"}]})
    path = "/client/v4/accounts/mine/cfd_tunnel"
    for deleted, count in (("false", 1), ("true", 0)):
        _, said = ask(made, f"{path}?name=edge&is_deleted={deleted}")
        assert len(said["result"]) == count
    asked = Asked(f"{path}/t/connections")
    status, body = cloudflare_api.answer(made, asked, {"t": ["one"]}.__getitem__)
    [client] = json.loads(body)["result"]
    assert (status, client["id"]) == (200, "one")
    assert client["conns"] == [{"is_pending_reconnect": False}]


def test_a_connector_keeps_its_id_until_its_machine_is_gone(tmp_path: Path) -> None:
    edge = CloudflareEdge(world(), "nowhere", tmp_path, Authority())
    ends = [socket.socketpair() for _ in range(3)]
    edge.tunnels["t"] = [Connection(ours, "198.18.0.7") for ours, _ in ends[:2]]
    [first] = edge.connectors("t")
    assert edge.connectors("t") == [first]
    edge.drop("198.18.0.7")
    assert edge.connectors("t") == []
    edge.tunnels["t"] = [Connection(ends[2][0], "198.18.0.7")]  # a new machine at its address
    [second] = edge.connectors("t")
    assert second != first
    ends[2][1].close()  # the agent has gone by itself
    assert edge.connectors("t") == []
    for ours, theirs in ends:
        ours.close()
        theirs.close()


def test_analytics_engine_counts_what_the_workers_of_its_account_have_written() -> None:
    made = world(cloudflare_zone=[{"id": "z", "account": {"id": "mine"}}])
    path = "/client/v4/accounts/{}/analytics_engine/sql"
    token = {"authorization": "Bearer a-token"}
    sql = b"SELECT SUM(_sample_interval) AS requests FROM shop FORMAT JSON"
    written = [("shop", {"timestamp": "1795856354515000064", "double1": 200})]
    for account, status in (("mine", 200), ("other", 404)):
        request = Asked(path.format(account), token, "POST")
        found, said = analytics_api.answer(made, request, sql, written)
        assert found == status
        assert account == "other" or json.loads(said)["data"] == [{"requests": "1"}]


def rule(expression: str, hostname: str, enabled: bool = True) -> dict[str, Any]:
    origin = {"host": hostname}
    parameters = {"origin": origin, "host_header": hostname, "sni": {"value": hostname}}
    return {"expression": expression, "enabled": enabled, "action_parameters": parameters}


def test_the_last_origin_rule_that_matches_names_the_origin(tmp_path: Path) -> None:
    rules = [
        rule('http.host eq "api.example.com"', "one.example.com"),
        rule('starts_with(http.request.uri.path, "/a/")', "two.example.com"),
        rule('http.host eq "api.example.com"', "three.example.com", enabled=False),
    ]
    made = world(cloudflare_ruleset=[{"phase": "http_request_origin", "rules": rules}])
    edge = CloudflareEdge(made, "nowhere", tmp_path, Authority())
    two = ("two.example.com", "two.example.com")
    assert edge.origin_of(Asked("/a/b?c=/d/"), "api.example.com") == two
    assert edge.origin_of(Asked("/b"), "api.example.com")[0] == "one.example.com"
    assert edge.origin_of(Asked("/b"), "edge.example.com")[0] == "edge.example.com"


def test_rules_that_are_not_of_the_language_are_refused_in_cloudflares_words() -> None:
    assert rules_refused({"rules": [rule('http.host eq "a"', "b")]}) is None
    refused = rules_refused({"rules": [rule("http.host is", "b")]})
    assert refused is not None
    assert refused.startswith("'http.host is' is not a valid value for expression")


def test_a_machine_that_was_stopped_keeps_only_an_address_of_its_own() -> None:
    machine = {"id": "i", **INSTANCE}
    owned = world(aws_eip=[{"instance": "i", "public_ip": "198.18.0.1"}])
    assert aws.SKY.restarted(owned, machine) == machine
    nothing = World()
    assert nothing.public_address() == INSTANCE["public_ip"]
    assert aws.SKY.restarted(nothing, machine)["public_ip"] not in ("", INSTANCE["public_ip"])
    accesses = [{"nat_ip": "198.18.0.9"}]
    instance = {"network_interface": [{"access_config": accesses}]}
    reserved = world(google_compute_address=[{"address": "198.18.0.9"}])
    assert google.SKY.restarted(reserved, instance) == instance
    [interface] = google.SKY.restarted(World(), instance)["network_interface"]
    assert interface["access_config"] != accesses


def test_google_and_azure_refuse_a_second_machine_of_a_name_and_aws_makes_it() -> None:
    instance = {"name": "edge", "zone": "r-1-a"}
    made = world(google_compute_instance=[instance])
    assert "alreadyExists" in str(google.SKY.taken(made, instance))
    assert google.SKY.taken(made, {**instance, "zone": "r-1-b"}) is None
    machine = {"name": "edge", "resource_group_name": "mine"}
    made = world(azurerm_linux_virtual_machine=[machine])
    assert "already exists - to be managed via Terraform" in str(azure.SKY.taken(made, machine))
    assert azure.SKY.taken(made, {**machine, "name": "another"}) is None
    assert aws.SKY.taken(world(aws_instance=[INSTANCE]), INSTANCE) is None


def test_aws_refuses_a_second_route_to_a_range_and_a_second_table_of_a_subnet() -> None:
    route = {"route_table_id": "rtb-1", "destination_cidr_block": "10.20.0.0/16"}
    joined = {"subnet_id": "subnet-1", "route_table_id": "rtb-1"}
    made = world(aws_route=[route], aws_route_table_association=[joined])

    def refused(kind: str, **planned: str) -> str | None:
        return aws.SKY.route_refused(made, kind, planned)

    assert "RouteAlreadyExists" in str(refused("aws_route", **route))
    for change in ({"route_table_id": "rtb-2"}, {"destination_cidr_block": "10.30.0.0/16"}):
        assert refused("aws_route", **{**route, **change}) is None
    other = {**joined, "route_table_id": "rtb-2"}
    assert "AlreadyAssociated" in str(refused("aws_route_table_association", **other))
    free = {**joined, "subnet_id": "subnet-2"}
    assert refused("aws_route_table_association", **free) is None


def test_azure_refuses_a_second_table_of_a_subnet() -> None:
    kind = "azurerm_subnet_route_table_association"
    joined = {"subnet_id": "/subnets/a", "route_table_id": "/routeTables/one"}
    made = world(azurerm_subnet_route_table_association=[joined])
    other = {**joined, "route_table_id": "/routeTables/two"}
    assert "already exists - to be managed" in str(azure.SKY.route_refused(made, kind, other))
    assert azure.SKY.route_refused(made, kind, {**other, "subnet_id": "/subnets/b"}) is None
    assert azure.SKY.route_refused(made, "azurerm_route_table", joined) is None
    assert google.SKY.route_refused(made, kind, joined) is None


def test_what_a_cloud_refuses_fails_the_apply_and_what_is_there_stays_as_it_is() -> None:
    route = {"id": "r", "route_table_id": "rtb-1", "destination_cidr_block": "10.20.0.0/16"}
    sky = Sky(world(aws_route=[route]), *([cast(Any, None)] * 4))
    assert "already exists" in str(sky.refusal("aws_route", None, route))
    assert sky.refusal("aws_route", route, route) is None
    assert sky.refusal("aws_route", route, None) is None


def test_a_change_behind_terraforms_back_is_seen_by_the_next_look() -> None:
    made = world(aws_instance=[{"id": "i", "public_ip": "198.18.0.1"}])
    before = {"id": "i", "public_ip": "198.18.0.2"}
    assert made.now("aws_instance", before) == {"id": "i", "public_ip": "198.18.0.1"}
    made.drop("aws_instance", before)
    assert made.now("aws_instance", before) is None


def test_a_setting_stays_with_its_zone_when_a_stack_that_has_set_it_is_destroyed() -> None:
    made = World()
    sky = Sky(made, *([cast(Any, None)] * 4))
    setting = {"id": "s", "zone_id": "z", "setting_id": "tls_client_auth", "value": "on"}
    sky.follow(SETTING, None, setting)
    sky.follow(SETTING, None, {**setting, "id": "of a second stack"})
    sky.follow(SETTING, setting, None)
    assert [each["value"] for each in made.all(SETTING, zone_id="z")] == ["on"]
    assert sky.current(SETTING, {**setting, "value": "off"}) is not None
    assert made.left() == []


def test_addresses_are_handed_out_once_each() -> None:
    made = World()
    private = [made.private_address("10.10.0.0/20") for _ in range(3)]
    assert private == ["10.10.0.10", "10.10.0.11", "10.10.0.12"]
    assert made.private_address("10.20.0.0/20") == "10.20.0.10"
    public = {made.public_address() for _ in range(300)}
    assert len(public) == 300
    assert all(ipaddress.ip_address(each).is_private for each in public)  # benchmarking addresses


def test_distances_are_the_same_both_ways_and_realistic_between_clouds() -> None:
    apart = distances.load()
    here, there = "aws us-east-1b", "google us-east4-c"
    assert apart.milliseconds(here, there) == apart.milliseconds(there, here) == 0.74
    between = [ms for pair, ms in apart.pairs.items() if len({p.split()[0] for p in pair}) == 2]
    assert min(between) >= 0.7
    assert max(between) <= 2.7
    assert apart.milliseconds(here, "azure westeurope-1") == apart.elsewhere
