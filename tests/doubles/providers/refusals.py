"""What the real providers or their clouds refuse and a schema cannot say, as one table.

Found out by feeding the real plugins configurations with a single fault each, or, where a row says
"at apply", from the limits that the clouds document. A check gets the configuration, in which a
value may be unknown, and returns what is wrong in one sentence, or None.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from doubles.providers.cloudflare_refusals import (
    polish_has_three_values,
    profile_fits,
    route_is_a_network,
    rules_fit_their_phase,
    suffixes_are_domains,
    worker_is_placed_and_logged,
)
from doubles.providers.values import UNKNOWN

Config = Mapping[str, Any]
Check = Callable[[Config], str | None]

KIB: Final = 1024


def refusals(type_name: str, config: Config) -> list[str]:
    """Why the real provider would refuse this configuration; data sources are `data.<type>`."""
    found = (check(config) for check in CHECKS.get(type_name, ()))
    return [f"{type_name}: {why}" for why in found if why]


def is_set(value: Any) -> bool:
    """Whether the configuration says something; an unknown value says something."""
    return value is UNKNOWN or (value is not None and value not in ([], {}))


def how_many(config: Config, names: tuple[str, ...]) -> int:
    """How many of the attributes are set."""
    return sum(is_set(config.get(name)) for name in names)


def exactly_one(*names: str) -> Check:
    """One of the attributes, not none and not two."""

    def check(config: Config) -> str | None:
        return None if how_many(config, names) == 1 else f"exactly one of {', '.join(names)}"

    return check


def at_least_one(*names: str) -> Check:
    """One of the attributes or more."""

    def check(config: Config) -> str | None:
        return None if how_many(config, names) else f"at least one of {', '.join(names)}"

    return check


def at_most_one(*names: str) -> Check:
    """None or one of the attributes."""

    def check(config: Config) -> str | None:
        return f"{' and '.join(names)} conflict" if how_many(config, names) > 1 else None

    return check


def together(*names: str) -> Check:
    """Attributes that only make sense together."""

    def check(config: Config) -> str | None:
        together = how_many(config, names) in (0, len(names))
        return None if together else f"{' and '.join(names)} come together"

    return check


def one_of(name: str, *allowed: str) -> Check:
    """An attribute with few legal values."""

    def check(config: Config) -> str | None:
        value = config.get(name)
        is_fine = value is None or value is UNKNOWN or value in allowed
        return None if is_fine else f"{name} is one of {', '.join(allowed)}, not {value}"

    return check


def matches(name: str, pattern: str, meaning: str) -> Check:
    """A text of a certain form."""

    def check(config: Config) -> str | None:
        value = config.get(name)
        is_fine = not isinstance(value, str) or re.fullmatch(pattern, value)
        return None if is_fine else f"{name} {meaning}: {value}"

    return check


def at_most(name: str, limit: int) -> Check:
    """A text that the cloud takes up to a size; at apply."""

    def check(config: Config) -> str | None:
        value = config.get(name)
        size = len(value.encode()) if isinstance(value, str) else 0
        return f"{name} has {size} bytes, the cloud takes {limit}" if size > limit else None

    return check


def base64_at_most(name: str, limit: int) -> Check:
    """Base64, whose content the cloud takes up to a size."""

    def check(config: Config) -> str | None:
        value = config.get(name)
        try:
            size = len(base64.b64decode(value, validate=True)) if isinstance(value, str) else 0
        except binascii.Error:
            return f"{name} is not base64"
        return f"{name} has {size} bytes, the cloud takes {limit}" if size > limit else None

    return check


def items(config: Config, name: str) -> list[Config]:
    """The blocks or objects that an attribute holds; none where it is unknown."""
    held = config.get(name)
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []


def not_none(name: str) -> Check:
    """A list that holds something."""

    def check(config: Config) -> str | None:
        return None if is_set(config.get(name)) else f"{name} is empty"

    return check


def not_empty(block: str) -> Check:
    """A block that says nothing is refused."""

    def check(config: Config) -> str | None:
        empty = [b for b in items(config, block) if not any(map(is_set, b.values()))]
        return f"{block} is empty" if empty else None

    return check


def each(name: str, check_item: Check) -> Check:
    """A check of every element of a list of objects."""

    def check(config: Config) -> str | None:
        found = (check_item(item) for item in items(config, name))
        return next((f"{name}: {why}" for why in found if why), None)

    return check


def one_selector(item: Config) -> str | None:
    """An Access rule names one kind of visitor."""
    count = how_many(item, tuple(item))
    return None if count == 1 else f"one selector for each item, not {count}"


def ingress_has_a_source(config: Config) -> str | None:
    """A firewall rule without a direction is an ingress rule."""
    if config.get("direction") not in (None, "INGRESS"):
        return None
    return at_least_one("source_ranges", "source_tags", "source_service_accounts")(config)


def module_names_its_main(config: Config) -> str | None:
    """A script of modules without `main_module` is taken for a service worker; at apply."""
    content = config.get("content")
    is_module = isinstance(content, str) and re.search(r"^export ", content, re.MULTILINE)
    return "a module needs main_module" if is_module and not config.get("main_module") else None


def keys_or_password(config: Config) -> str | None:
    """Azure wants an SSH key unless passwords are allowed; at apply."""
    by_password = config.get("disable_password_authentication") is False
    known = how_many(config, ("admin_ssh_key", "os_managed_disk_id"))
    return None if by_password or known else "an admin_ssh_key, as passwords are disabled"


def vault_rules_are_public(config: Config) -> str | None:
    """Azure takes public IPv4 ranges alone; at apply."""
    held = [acl.get("ip_rules") for acl in items(config, "network_acls")]
    ranges = [each for rules in held if isinstance(rules, list) for each in rules]
    inner = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
    wrong = [each for each in ranges if any(IPv4Network(each).overlaps(net) for net in inner)]
    return f"BadRequest: {wrong[0]} is not a public address" if wrong else None


def trusted_launch_where_a_size_has_it(config: Config) -> str | None:
    """Azure has no Secure Boot and no virtual TPM on Arm processors of Ampere; at apply."""
    size, asked = config.get("size"), how_many(config, ("secure_boot_enabled", "vtpm_enabled"))
    ampere = isinstance(size, str) and re.search(r"_(B|[DE])\d+p[a-z]*_v[25]$", size)
    words = f"BadRequest: The VM size '{size}' is not supported with security type 'TrustedLaunch'"
    return words if ampere and asked else None


def metadata_fits(config: Config) -> str | None:
    """Google takes 256 KiB in one metadata value; at apply."""
    metadata = config.get("metadata")
    values = metadata.items() if isinstance(metadata, dict) else ()
    large = [k for k, v in values if isinstance(v, str) and len(v.encode()) > 256 * KIB]
    return f"metadata {', '.join(large)} has more than 256 KiB" if large else None


def hyperdisk_where_nothing_else_fits(config: Config) -> str | None:
    """The newest series take no persistent disk, which is the default; at apply."""
    machine_type = config.get("machine_type")
    if not isinstance(machine_type, str) or not re.match(r"(c4|c4a|c4d|n4|n4a|n4d)-", machine_type):
        return None
    parameters = [p for b in items(config, "boot_disk") for p in items(b, "initialize_params")]
    kinds = [str(p.get("type") or "pd-standard") for p in parameters]
    wrong = [kind for kind in kinds if not kind.startswith("hyperdisk")]
    return f"{wrong[0]} disk type cannot be used by {machine_type}" if wrong else None


def at_most_tags(limit: int) -> Check:
    """Azure takes so many tags on a resource; at apply."""

    def check(config: Config) -> str | None:
        tags = config.get("tags")
        count = len(tags) if isinstance(tags, dict) else 0
        return f"a maximum of {limit} tags can be applied, not {count}" if count > limit else None

    return check


def endpoint_has_what_its_type_takes(config: Config) -> str | None:
    """A gateway is a route; an interface endpoint is not; at apply."""
    if config.get("vpc_endpoint_type") == "Interface":
        wrong = how_many(config, ("route_table_ids",))
        return "route tables are only supported for Gateway type VPC endpoints" if wrong else None
    wrong = how_many(config, ("subnet_ids", "security_group_ids"))
    named = config.get("private_dns_enabled") is True
    supported = "are only supported for Interface type VPC endpoints"
    return f"subnets, security groups and private DNS {supported}" if wrong or named else None


ON_OFF: Final = one_of("value", "on", "off")
RULE_SOURCES: Final = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
GOOGLE_MACHINE: Final = (
    not_empty("boot_disk"),
    metadata_fits,
    hyperdisk_where_nothing_else_fits,
)
GOOGLE_HEALTH_CHECK: Final = (not_empty("tcp_health_check"),)
AZURE_MACHINE: Final = (
    base64_at_most("custom_data", 64 * KIB),
    base64_at_most("user_data", 64 * KIB),
    keys_or_password,
    trusted_launch_where_a_size_has_it,
)

CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    "aws_instance": (
        at_least_one("ami", "launch_template"),
        at_most_one("user_data", "user_data_base64"),
        at_most("user_data", 16 * KIB),
        base64_at_most("user_data_base64", 16 * KIB),
    ),
    "aws_launch_template": (base64_at_most("user_data", 16 * KIB),),
    "aws_route53_record": (
        exactly_one("records", "alias"),
        together("records", "ttl"),
    ),
    "aws_ssm_parameter": (
        exactly_one("value", "insecure_value", "value_wo"),
        together("value_wo", "value_wo_version"),
    ),
    "aws_vpc_endpoint": (
        exactly_one("service_name", "resource_configuration_arn", "service_network_arn"),
        endpoint_has_what_its_type_takes,
    ),
    "aws_vpc_security_group_egress_rule": (exactly_one(*RULE_SOURCES),),
    "aws_vpc_security_group_ingress_rule": (exactly_one(*RULE_SOURCES),),
    "azurerm_key_vault": (vault_rules_are_public,),
    "azurerm_key_vault_secret": (
        at_most_tags(15),
        exactly_one("value", "value_wo"),
        together("value_wo", "value_wo_version"),
    ),
    "azurerm_linux_virtual_machine": AZURE_MACHINE,
    "azurerm_private_dns_zone": (matches("name", r"[^.]+(\.[^.]+){1,33}", "has 2 to 34 labels"),),
    "azurerm_private_endpoint": (
        matches(
            "name",
            r"[A-Za-z0-9]([\w.-]{0,78}\w)?",
            "has 1 to 80 letters, digits, dots, underscores and hyphens",
        ),
        each(
            "private_service_connection",
            exactly_one("private_connection_resource_id", "private_connection_resource_alias"),
        ),
    ),
    "cloudflare_argo_smart_routing": (ON_OFF,),
    "cloudflare_argo_tiered_caching": (ON_OFF,),
    "cloudflare_dns_record": (exactly_one("content", "data"),),
    "cloudflare_load_balancer": (
        not_none("default_pools"),
        one_of(
            "steering_policy",
            "off",
            "geo",
            "random",
            "dynamic_latency",
            "proximity",
            "least_outstanding_requests",
            "least_connections",
            "",
        ),
        each("rules", exactly_one("fixed_response", "overrides")),
    ),
    "cloudflare_load_balancer_monitor": (
        one_of("type", "http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"),
    ),
    "cloudflare_load_balancer_pool": (
        not_none("origins"),
        matches("name", r"[A-Za-z0-9_-]+", "has letters, digits, - and _ only"),
        at_most_one("monitor", "monitor_group"),
    ),
    "cloudflare_logpush_job": (exactly_one("account_id", "zone_id"),),
    "cloudflare_ruleset": (exactly_one("account_id", "zone_id"), rules_fit_their_phase),
    "cloudflare_tiered_cache": (ON_OFF,),
    "cloudflare_workers_script": (
        exactly_one("content", "content_file", "assets"),
        module_names_its_main,
        worker_is_placed_and_logged,
    ),
    "cloudflare_zone_setting": (polish_has_three_values,),
    "cloudflare_zero_trust_access_policy": (
        one_of("decision", "allow", "deny", "non_identity", "bypass"),
        each("include", one_selector),
        each("require", one_selector),
        each("exclude", one_selector),
    ),
    "cloudflare_zero_trust_device_custom_profile": (
        at_most_one("include", "exclude"),
        one_of("tunnel_protocol", "masque", "wireguard"),
        profile_fits,
    ),
    "cloudflare_zero_trust_device_custom_profile_local_domain_fallback": (
        not_none("domains"),
        suffixes_are_domains,
    ),
    "cloudflare_zero_trust_device_default_profile": (at_most_one("include", "exclude"),),
    "cloudflare_zero_trust_tunnel_cloudflared_route": (route_is_a_network,),
    "data.cloudflare_account": (exactly_one("account_id", "filter"),),
    "data.cloudflare_zero_trust_tunnel_cloudflared": (exactly_one("tunnel_id", "filter"),),
    "data.cloudflare_zone": (exactly_one("zone_id", "filter"),),
    "google_compute_firewall": (
        ingress_has_a_source,
        at_most_one("target_tags", "target_service_accounts"),
    ),
    "google_compute_health_check": GOOGLE_HEALTH_CHECK,
    "google_compute_region_health_check": GOOGLE_HEALTH_CHECK,
    "google_compute_instance": GOOGLE_MACHINE,
    "google_dns_managed_zone": (
        matches("dns_name", r".+\.", "ends with a dot"),
        matches("name", r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", "has 1 to 63 of a-z, 0-9 and -"),
    ),
    "google_dns_record_set": (
        matches("name", r".+\.", "ends with a dot"),
        exactly_one("rrdatas", "routing_policy"),
    ),
    "google_secret_manager_secret_version": (
        exactly_one("secret_data", "secret_data_wo"),
        together("secret_data_wo", "secret_data_wo_version"),
    ),
    "google_service_account": (
        matches("account_id", r"[a-z][-a-z0-9]{4,28}[a-z0-9]", "has 6 to 30 of a-z, 0-9 and -"),
    ),
}
