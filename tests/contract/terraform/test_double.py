"""The provider doubles carry a stack through the whole of Terraform and refuse what is wrong."""

from __future__ import annotations

import copy
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from contract.terraform.nested_keys import unknown_nested_keys
from doubles.providers.plugin_mirror import pins, provider_schemas, running_doubles
from doubles.providers.refusals import refusals
from doubles.providers.terraform_runner import TerraformError, TerraformRunner
from support.loopback import eventually

Json = dict[str, Any]
Run = Callable[..., TerraformRunner]

AWS: Json = {
    "provider": {"aws": [{"region": "eu-west-1", "default_tags": [{"tags": {"team": "x"}}]}]},
    "data": {
        "aws_ec2_instance_type_offerings": {
            "sizes": {
                "filter": [{"name": "instance-type", "values": ["t4g.small"]}],
                "location_type": "availability-zone",
            }
        },
        "aws_availability_zones": {"all": {}},
    },
    "resource": {
        "aws_vpc": {"main": {"cidr_block": "10.10.0.0/16"}},
        "aws_subnet": {"main": {"vpc_id": "${aws_vpc.main.id}", "cidr_block": "10.10.0.0/24"}},
        "aws_instance": {
            "edge": {
                "ami": "ami-0123456789abcdef0",
                "instance_type": "${data.aws_ec2_instance_type_offerings.sizes.instance_types[0]}",
                "subnet_id": "${aws_subnet.main.id}",
                "metadata_options": {"http_tokens": "required"},
                "root_block_device": {"encrypted": True},
            }
        },
    },
    "output": {
        "size": {"value": "${aws_instance.edge.instance_type}"},
        "disk": {"value": "${aws_instance.edge.root_block_device[0].volume_id}"},
        "address": {"value": "${aws_instance.edge.public_ip}"},
        "zones": {"value": "${data.aws_availability_zones.all.names}"},
    },
}
GOOGLE: Json = {
    "provider": {"google": [{"project": "acme-backbone", "region": "us-east4"}]},
    "resource": {
        "google_service_account": {"edge": {"account_id": "edge-machine"}},
        "google_secret_manager_secret": {
            "token": {"secret_id": "token", "replication": {"auto": {}}}
        },
        "google_secret_manager_secret_version": {
            "token": {
                "secret": "${google_secret_manager_secret.token.id}",
                "secret_data_wo": "not for the state",
                "secret_data_wo_version": 1,
            }
        },
        "google_compute_instance": {
            "edge": {
                "name": "edge",
                "machine_type": "e2-small",
                "zone": "us-east4-a",
                "boot_disk": {"initialize_params": {"image": "debian-cloud/debian-13"}},
                "network_interface": {"network": "default", "access_config": {}},
                "service_account": {
                    "email": "${google_service_account.edge.email}",
                    "scopes": ["cloud-platform"],
                },
            }
        },
    },
    "output": {
        "address": {
            "value": "${google_compute_instance.edge.network_interface[0].access_config[0].nat_ip}"
        }
    },
}
AZURE: Json = {
    "provider": {"azurerm": [{"features": [{}], "subscription_id": "0"}]},
    "data": {
        "azurerm_client_config": {"me": {}},
        "azurerm_location": {"here": {"location": "East US"}},
    },
    "resource": {
        "azurerm_resource_group": {"main": {"name": "main", "location": "eastus"}},
        "azurerm_key_vault": {
            "main": {
                "name": "vault",
                "location": "eastus",
                "resource_group_name": "${azurerm_resource_group.main.name}",
                "tenant_id": "${data.azurerm_client_config.me.tenant_id}",
                "sku_name": "standard",
            }
        },
        "azurerm_key_vault_secret": {
            "token": {
                "name": "token",
                "key_vault_id": "${azurerm_key_vault.main.id}",
                "value_wo": "not for the state",
                "value_wo_version": 1,
            }
        },
    },
    "output": {
        "zones": {"value": "${data.azurerm_location.here.zone_mappings[*].logical_zone}"},
    },
}
CLOUDFLARE: Json = {
    "provider": {"cloudflare": [{}]},
    "data": {
        "cloudflare_zone": {"main": {"filter": {"name": "example.com"}}},
        "cloudflare_zero_trust_tunnel_cloudflared_token": {
            "edge": {
                "account_id": "0123",
                "tunnel_id": "${cloudflare_zero_trust_tunnel_cloudflared.edge.id}",
            }
        },
        "cloudflare_ip_ranges": {"all": {}},
    },
    "resource": {
        "cloudflare_zero_trust_tunnel_cloudflared": {
            "edge": {"account_id": "0123", "name": "edge", "config_src": "cloudflare"}
        },
        "cloudflare_zero_trust_tunnel_cloudflared_config": {
            "edge": {
                "account_id": "0123",
                "tunnel_id": "${cloudflare_zero_trust_tunnel_cloudflared.edge.id}",
                "config": {
                    "ingress": [
                        {
                            "hostname": "edge.example.com",
                            "service": "http://localhost:8080",
                            "origin_request": {"connect_timeout": 5},
                        },
                        {"service": "http_status:404"},
                    ]
                },
            }
        },
        "cloudflare_workers_script": {
            "routing": {
                "account_id": "0123",
                "script_name": "routing",
                "content": "export default {}",
                "main_module": "worker.js",
            }
        },
        "cloudflare_ruleset": {
            "ports": {
                "zone_id": "${data.cloudflare_zone.main.zone_id}",
                "name": "ports",
                "kind": "zone",
                "phase": "http_request_origin",
                "rules": [
                    {
                        "expression": "true",
                        "action": "route",
                        "action_parameters": {"origin": {"port": 8443}},
                    }
                ],
            }
        },
    },
    "output": {
        "token": {
            "value": "${data.cloudflare_zero_trust_tunnel_cloudflared_token.edge.token}",
            "sensitive": True,
        },
        "range": {"value": "${data.cloudflare_ip_ranges.all.ipv4_cidrs[0]}"},
    },
}
STACKS = {"aws": AWS, "google": GOOGLE, "azurerm": AZURE, "cloudflare": CLOUDFLARE}
# `make check` tries one of them.
ONE_QUICKLY = [
    "cloudflare",
    *[pytest.param(name, marks=pytest.mark.slow) for name in STACKS if name != "cloudflare"],
]


def write(folder: Path, stack: Json, terraform: Json | None = None) -> Path:
    """A stack's folder as CDKTF would write it; every provider at its pinned version."""
    required = {s.split("/")[1]: {"source": s, "version": v} for s, v in pins().items()}
    used = {name: required[name] for name in stack.get("provider", {})}
    whole = {**stack, "terraform": {"required_providers": used, **(terraform or {})}}
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(whole))
    return folder


def changed(stack: Json, section: str, type_name: str, name: str, **values: Any) -> Json:
    """A copy of the stack with some arguments of one block changed."""
    copied = copy.deepcopy(stack)
    copied[section][type_name][name].update(values)
    return copied


@pytest.mark.parametrize("provider", ONE_QUICKLY)
def test_a_stack_goes_up_stays_still_and_comes_down(
    provider: str, terraform_run: Run, tmp_path: Path
) -> None:
    terraform_run(write(tmp_path / provider, STACKS[provider])).cycle()


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["aws", "cloudflare"])
def test_terraform_can_start_the_doubles_itself(
    provider: str, offline_env: Mapping[str, str], tmp_path: Path
) -> None:
    stack = write(tmp_path / provider, STACKS[provider])
    TerraformRunner(stack, tmp_path / "work", offline_env).cycle()


@pytest.mark.slow
def test_computed_values_look_like_what_a_cloud_would_say(
    terraform_run: Run, tmp_path: Path
) -> None:
    runs = {name: terraform_run(write(tmp_path / name, stack)) for name, stack in STACKS.items()}
    for run in runs.values():
        run.init()
        run.apply()
    said = {name: run.outputs() for name, run in runs.items()}
    assert said["aws"]["size"] == "t4g.small"
    assert said["aws"]["zones"] == [f"eu-west-1{letter}" for letter in "abcde"]
    assert said["aws"]["address"].startswith("203.0.113.")
    assert said["google"]["address"].startswith("203.0.113.")
    assert said["azurerm"]["zones"] == ["1", "2", "3"]
    assert said["cloudflare"]["range"].endswith("/16")
    assert said["cloudflare"]["token"]


@pytest.mark.slow
def test_a_second_apply_of_the_same_stack_invents_the_same_values(
    terraform_run: Run, tmp_path: Path
) -> None:
    run = terraform_run(write(tmp_path / "aws", AWS))
    run.init()
    run.apply()
    first = run.outputs()
    run.destroy()
    run.apply()
    assert run.outputs() == first


@pytest.mark.slow
def test_write_only_values_never_reach_the_state(terraform_run: Run, tmp_path: Path) -> None:
    for name in ("google", "azurerm"):
        run = terraform_run(write(tmp_path / name, STACKS[name]))
        run.init()
        run.apply()
        assert "not for the state" not in json.dumps(run.state())


@pytest.mark.slow
def test_a_change_keeps_the_computed_values(terraform_run: Run, tmp_path: Path) -> None:
    run = terraform_run(write(tmp_path / "aws", AWS))
    run.init()
    run.apply()
    before = run.outputs()
    larger = changed(AWS, "resource", "aws_instance", "edge", monitoring=True)
    (run.folder / "cdk.tf.json").write_text(
        (write(tmp_path / "larger", larger) / "cdk.tf.json").read_text()
    )
    assert not run.plan_is_empty()
    run.apply()
    assert run.outputs() == before
    assert run.plan_is_empty()


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend",
    [
        {"backend": {"s3": {"bucket": "b", "key": "k", "region": "us-east-1"}}},
        {"backend": {"gcs": {"bucket": "b"}}},
        {"backend": {"azurerm": {"storage_account_name": "s", "container_name": "c", "key": "k"}}},
        {"backend": {"local": {"path": "/nonexistent/terraform.tfstate"}}},
        {"cloud": {"organization": "o", "workspaces": {"name": "w"}}},
    ],
    ids=["s3", "gcs", "azurerm", "local", "cloud"],
)
def test_the_state_stays_here_whatever_backend_a_stack_names(
    backend: Json, terraform_run: Run, tmp_path: Path
) -> None:
    empty = {"resource": {"terraform_data": {"one": {"input": "x"}}}}
    run = terraform_run(write(tmp_path / "stack", empty, backend))
    run.init()
    run.apply()
    assert run.resources() == ["terraform_data.one"]


@pytest.mark.slow
def test_an_unpinned_version_of_a_provider_is_not_found(terraform_run: Run, tmp_path: Path) -> None:
    other = {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "6.0.0"}}}
    with pytest.raises(TerraformError, match=r"no available releases match"):
        terraform_run(write(tmp_path / "aws", AWS, other)).init()


WRONG = {
    "an attribute that does not exist": (
        changed(AWS, "resource", "aws_vpc", "main", cidr_blokc="10.0.0.0/16"),
        "No argument or block type is named",
    ),
    "a value of the wrong type": (
        changed(AWS, "resource", "aws_subnet", "main", map_public_ip_on_launch="often"),
        "a bool is required",
    ),
    "a reference to nothing": (
        changed(AWS, "resource", "aws_subnet", "main", vpc_id="${aws_vpc.other.id}"),
        "Reference to undeclared resource",
    ),
    "a missing required attribute": (
        changed(GOOGLE, "resource", "google_compute_instance", "edge", machine_type=None),
        "machine_type is required, but is null",
    ),
    "too many blocks": (
        changed(GOOGLE, "resource", "google_compute_instance", "edge", boot_disk=[{}, {}]),
        'No more than 1 "boot_disk" blocks are allowed',
    ),
    "what only the real provider refuses": (
        changed(GOOGLE, "resource", "google_service_account", "edge", account_id="edge"),
        "6 to 30",
    ),
    "a data source that names too much": (
        changed(CLOUDFLARE, "data", "cloudflare_zone", "main", zone_id="0123"),
        "exactly one of zone_id, filter",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("stack, words", WRONG.values(), ids=WRONG)
def test_a_wrong_stack_is_refused(
    stack: Json, words: str, terraform_run: Run, tmp_path: Path
) -> None:
    run = terraform_run(write(tmp_path / "wrong", stack))
    run.init()
    with pytest.raises(TerraformError) as refused:
        run.validate()
    assert words in " ".join(str(refused.value).split())


@pytest.mark.slow
def test_terraform_itself_lets_an_unknown_nested_key_pass(
    terraform_run: Run, tmp_path: Path
) -> None:
    """Why nested_keys.py exists. Where this fails, Terraform has learnt to complain."""
    run = terraform_run(write(tmp_path / "typo", with_typo()))
    run.init()
    run.validate()


def with_typo() -> Json:
    """A stack with a misspelled key three levels deep."""
    stack = copy.deepcopy(CLOUDFLARE)
    rule = stack["resource"]["cloudflare_ruleset"]["ports"]["rules"][0]
    rule["action_parameters"]["origin"] = {"prot": 8443}
    return stack


@pytest.mark.parametrize("provider", STACKS)
def test_a_right_stack_has_no_unknown_keys(provider: str) -> None:
    assert unknown_nested_keys(STACKS[provider], provider_schemas()) == []


def test_every_unknown_key_is_reported_with_its_path() -> None:
    stack = with_typo()
    stack["provider"]["cloudflare"] = [{"api_tokn": "x", "alias": "other"}]
    stack["data"]["cloudflare_zone"]["main"]["filter"]["nmae"] = "example.com"
    assert unknown_nested_keys(stack, provider_schemas()) == [
        "data.cloudflare_zone.main.filter.nmae",
        "provider.cloudflare.api_tokn",
        "resource.cloudflare_ruleset.ports.rules.action_parameters.origin.prot",
    ]


def test_unknown_keys_are_found_in_blocks_objects_and_dynamic_blocks() -> None:
    rules = {"from_port": 22, "to_port": 22, "form_port": 22, "lifecycle": {}}
    group = {"ingress": [rules], "lifecycle": {"ignore_changes": ["tags"]}, "//": {"any": 1}}
    machine = {"dynamic": {"ebs_block_device": {"for_each": [1], "content": {"size": 1}}}}
    stack = {
        "resource": {"aws_security_group": {"g": group}, "aws_instance": {"i": machine}},
    }
    assert unknown_nested_keys(stack, provider_schemas()) == [
        "resource.aws_instance.i.dynamic.ebs_block_device.size",
        "resource.aws_security_group.g.ingress.form_port",
        "resource.aws_security_group.g.ingress.lifecycle",
    ]


def test_a_type_without_a_schema_is_reported() -> None:
    stack = {"resource": {"aws_lightsail_instance": {"x": {}}}, "provider": {"null": [{}]}}
    assert unknown_nested_keys(stack, provider_schemas()) == [
        "provider.null: no schema",
        "resource.aws_lightsail_instance: no schema (make provider-schemas can add it)",
    ]


NOBODY = {"admin_ssh_key": [{"username": "x"}]}
C4A = {"machine_type": "c4a-standard-1"}
MODULE = {"content": "export default {}", "main_module": "worker.js"}


def limited(characteristics: tuple[str, ...] = ("cf.colo.id",), period: int = 10) -> Json:
    """A ruleset with one rate limit."""
    limit = {"characteristics": list(characteristics), "period": period, "mitigation_timeout": 10}
    rules = [{"action": "block", "ref": "a", "ratelimit": limit}]
    return {"zone_id": "z", "phase": "http_ratelimit", "rules": rules}


def managed(*rules: Json) -> Json:
    """A ruleset of managed rules."""
    return {"zone_id": "z", "phase": "http_request_firewall_managed", "rules": list(rules)}


EXECUTE = {"action": "execute", "ref": "a", "action_parameters": {"id": "x"}}
REFUSED: list[tuple[str, Json, Json]] = [
    ("cloudflare_dns_record", {"content": "a", "data": {"x": 1}}, {"content": "a"}),
    (
        "cloudflare_workers_script",
        {"content": "const a = 1\nexport default {}"},
        {"content": "export default {}", "main_module": "worker.js"},
    ),
    ("cloudflare_argo_smart_routing", {"value": "yes"}, {"value": "on"}),
    (
        "cloudflare_load_balancer",
        {"default_pools": ["p"], "rules": [{"name": "a", "terminates": True}]},
        {"default_pools": ["p"], "rules": [{"fixed_response": {"status_code": 404}}]},
    ),
    ("cloudflare_load_balancer", {"default_pools": []}, {"default_pools": ["p"]}),
    (
        "cloudflare_load_balancer",
        {"default_pools": ["p"], "steering_policy": "failover"},
        {"default_pools": ["p"], "steering_policy": "dynamic_latency"},
    ),
    ("cloudflare_load_balancer_monitor", {"type": "HTTPS"}, {"type": "https"}),
    (
        "cloudflare_load_balancer_pool",
        {"name": "a.b", "origins": [{"name": "o"}]},
        {"name": "a_b", "origins": [{"name": "o"}]},
    ),
    ("cloudflare_ruleset", {"zone_id": "z", "account_id": "a"}, {"zone_id": "z"}),
    ("cloudflare_ruleset", limited(("ip.src",)), limited(("ip.src", "cf.colo.id"))),
    ("cloudflare_ruleset", limited(period=30), limited(period=60)),
    ("cloudflare_ruleset", managed(EXECUTE, EXECUTE), managed(EXECUTE, {**EXECUTE, "ref": "b"})),
    ("cloudflare_ruleset", managed({**EXECUTE, "action": "block"}), managed(EXECUTE)),
    ("cloudflare_ruleset", managed({**EXECUTE, "action_parameters": None}), managed(EXECUTE)),
    ("cloudflare_workers_script", {**MODULE, "placement": {"mode": "near"}}, MODULE),
    (
        "cloudflare_workers_script",
        {**MODULE, "observability": {"enabled": True, "head_sampling_rate": 10}},
        {**MODULE, "observability": {"enabled": True, "head_sampling_rate": 0.1}},
    ),
    (
        "cloudflare_zone_setting",
        {"setting_id": "polish", "value": "best"},
        {"setting_id": "polish", "value": "lossy"},
    ),
    ("cloudflare_logpush_job", {"zone_id": "z", "account_id": "a"}, {"zone_id": "z"}),
    (
        "cloudflare_zero_trust_access_policy",
        {"decision": "allow", "include": [{"ip": {"ip": "x"}, "everyone": {"any": 1}}]},
        {"decision": "non_identity", "include": [{"ip": {"ip": "x"}, "everyone": None}]},
    ),
    (
        "cloudflare_zero_trust_tunnel_cloudflared_route",
        {"network": "10.254.0.1/24"},
        {"network": "10.254.0.1/32"},
    ),
    ("cloudflare_zero_trust_tunnel_cloudflared_route", {"network": "10.254.0.1"}, {}),
    (
        "cloudflare_zero_trust_device_custom_profile",
        {"service_mode_v2": {"mode": "warp+doh"}},
        {"service_mode_v2": {"mode": "warp"}, "tunnel_protocol": "masque", "precedence": 1},
    ),
    ("cloudflare_zero_trust_device_custom_profile", {"precedence": 0}, {"include": [1]}),
    ("cloudflare_zero_trust_device_custom_profile", {"tunnel_protocol": "quic"}, {}),
    (
        "cloudflare_zero_trust_device_custom_profile_local_domain_fallback",
        {"domains": [{"suffix": "*.internal"}]},
        {"domains": [{"suffix": "internal"}, {"suffix": "corp.example.com"}]},
    ),
    (
        "cloudflare_zero_trust_device_custom_profile_local_domain_fallback",
        {"domains": [{"suffix": "internal"}, {"suffix": "internal"}]},
        {"domains": [{"suffix": "internal"}]},
    ),
    ("cloudflare_zero_trust_access_policy", {"decision": "service_auth"}, {"decision": "bypass"}),
    ("google_compute_firewall", {"direction": "INGRESS"}, {"source_tags": ["x"]}),
    (
        "google_compute_firewall",
        {"direction": "EGRESS", "target_tags": ["a"], "target_service_accounts": ["b"]},
        {"direction": "EGRESS", "target_tags": ["a"]},
    ),
    ("google_compute_instance", {"boot_disk": [{"device_name": None}]}, {"boot_disk": [{"a": 1}]}),
    ("google_compute_instance", {"metadata": {"u": "x" * 262145}}, {"metadata": {"u": "x"}}),
    ("google_compute_health_check", {"tcp_health_check": [{"port": None}]}, {}),
    (
        "azurerm_linux_virtual_machine",
        {"user_data": "#cloud-config", "disable_password_authentication": False},
        {"user_data": "I2Nsb3VkLWNvbmZpZw==", "admin_ssh_key": [{"username": "x"}]},
    ),
    ("azurerm_linux_virtual_machine", {}, {"admin_ssh_key": [{"username": "x"}]}),
    (
        "azurerm_linux_virtual_machine",
        {**NOBODY, "size": "Standard_B2pts_v2", "vtpm_enabled": True},
        {**NOBODY, "size": "Standard_B2ats_v2", "vtpm_enabled": True},
    ),
    (
        "google_compute_instance",
        {**C4A, "boot_disk": [{"initialize_params": [{"image": "debian", "type": None}]}]},
        {**C4A, "boot_disk": [{"initialize_params": [{"type": "hyperdisk-balanced"}]}]},
    ),
    (
        "azurerm_key_vault",
        {"network_acls": [{"ip_rules": ["10.0.0.0/24"]}]},
        {"network_acls": [{"ip_rules": ["203.0.113.0/24"]}]},
    ),
    (
        "azurerm_key_vault_secret",
        {"value": "v", "tags": {f"tag-{number}": "x" for number in range(16)}},
        {"value": "v", "tags": {f"tag-{number}": "x" for number in range(15)}},
    ),
    ("aws_route53_record", {"records": ["10.0.0.4"]}, {"records": ["10.0.0.4"], "ttl": 60}),
    (
        "aws_vpc_endpoint",
        {"vpc_endpoint_type": "Gateway", "service_name": "s", "subnet_ids": ["subnet-1"]},
        {"vpc_endpoint_type": "Gateway", "service_name": "s", "route_table_ids": ["rtb-1"]},
    ),
    (
        "aws_vpc_endpoint",
        {"vpc_endpoint_type": "Interface", "service_name": "s", "route_table_ids": ["rtb-1"]},
        {"vpc_endpoint_type": "Interface", "service_name": "s", "private_dns_enabled": False},
    ),
    (
        "azurerm_private_endpoint",
        {"name": "edge-", "private_service_connection": [{"private_connection_resource_id": "/s"}]},
        {"name": "edge", "private_service_connection": [{"private_connection_resource_id": "/s"}]},
    ),
    (
        "azurerm_private_endpoint",
        {"name": "edge", "private_service_connection": [{"name": "edge"}]},
        {"name": "edge", "private_service_connection": [{"private_connection_resource_id": "/s"}]},
    ),
    ("azurerm_private_dns_zone", {"name": "internal"}, {"name": "shop.internal"}),
    (
        "google_dns_managed_zone",
        {"name": "shop", "dns_name": "example.com"},
        {"name": "shop", "dns_name": "example.com."},
    ),
    (
        "google_dns_managed_zone",
        {"name": "shop.example", "dns_name": "example.com."},
        {"name": "shop-example", "dns_name": "example.com."},
    ),
    (
        "google_dns_record_set",
        {"name": "example.com", "rrdatas": ["10.0.0.4"]},
        {"name": "example.com.", "rrdatas": ["10.0.0.4"]},
    ),
    ("aws_ssm_parameter", {"value_wo": "v"}, {"value_wo": "v", "value_wo_version": 1}),
    ("azurerm_key_vault_secret", {"value_wo": "v"}, {"value_wo": "v", "value_wo_version": 1}),
    (
        "google_secret_manager_secret_version",
        {"secret_data_wo": "v"},
        {"secret_data_wo": "v", "secret_data_wo_version": 1},
    ),
    ("aws_instance", {"ami": "a", "user_data": "x" * 16385}, {"ami": "a", "user_data": "x"}),
    ("aws_vpc_security_group_egress_rule", {}, {"cidr_ipv4": "0.0.0.0/0"}),
]


@pytest.mark.parametrize("type_name, wrong, right", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_real_providers_refuse_is_refused(type_name: str, wrong: Json, right: Json) -> None:
    assert refusals(type_name, wrong)
    assert refusals(type_name, right) == []


def test_the_doubles_end_with_their_context() -> None:
    with running_doubles() as addresses:
        assert is_served(addresses)
    assert not is_served(addresses)


@pytest.mark.slow
def test_the_doubles_end_when_the_process_that_started_them_is_killed() -> None:
    program = (
        "from doubles.providers.plugin_mirror import running_doubles\n"
        "with running_doubles() as addresses: print(addresses, flush=True); input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        addresses = parent.stdout.readline()
        assert is_served(addresses)
        parent.kill()
    eventually(lambda: not is_served(addresses))


def is_served(addresses: str) -> bool:
    """Whether somebody listens where the double of AWS should be."""
    where = json.loads(addresses)["registry.terraform.io/hashicorp/aws"]["Addr"]["String"]
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(where) == 0
