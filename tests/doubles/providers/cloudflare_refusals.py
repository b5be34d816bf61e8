"""What Cloudflare refuses in a ruleset, a Worker or a setting; at apply, from its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any, Final

Config = Mapping[str, Any]

SUFFIX: Final = re.compile("[a-z0-9-]+([.][a-z0-9-]+)*")

# https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/
PERIODS: Final = (10, 60, 120, 300, 600, 3600)
MITIGATIONS: Final = (0, *PERIODS, 86400)
MANAGED: Final = "http_request_firewall_managed"
POLISH: Final = ("off", "lossless", "lossy")
# https://developers.cloudflare.com/api/resources/zero_trust/subresources/devices/subresources/policies/
MODES: Final = ("warp", "1dot1", "proxy", "posture_only", "warp_tunnel_only")


def rules_fit_their_phase(config: Config) -> str | None:
    """A phase takes certain actions, and a limit needs certain characteristics and times."""
    return next(_wrong_rules(config), None)


def _wrong_rules(config: Config) -> Iterator[str]:
    phase, rules = config.get("phase"), config.get("rules")
    held = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    refs = [rule["ref"] for rule in held if isinstance(rule.get("ref"), str)]
    if len(set(refs)) != len(refs):
        yield "two rules have one ref"
    for rule in held:
        limit = rule.get("ratelimit")
        if (phase == "http_ratelimit") != isinstance(limit, dict):
            yield f"a rule of {phase} {'without' if limit is None else 'with'} ratelimit"
        elif limit:
            yield from _wrong_limit(limit)
        if phase == MANAGED and rule.get("action") not in ("execute", "skip"):
            yield f"{phase} takes no action {rule.get('action')}"
        if rule.get("action") == "execute" and not (rule.get("action_parameters") or {}).get("id"):
            yield "execute needs the id of a ruleset"


def _wrong_limit(limit: Config) -> Iterator[str]:
    if "cf.colo.id" not in limit["characteristics"]:
        yield "characteristics must include cf.colo.id"
    if limit["period"] not in PERIODS:
        yield f"{limit['period']} is not a valid period"
    if limit.get("mitigation_timeout") not in (None, *MITIGATIONS):
        yield f"{limit['mitigation_timeout']} is not a valid mitigation_timeout"


def worker_is_placed_and_logged(config: Config) -> str | None:
    """The provider takes one mode, and shares of requests from 0 to 1."""
    mode = (config.get("placement") or {}).get("mode")
    rate = (config.get("observability") or {}).get("head_sampling_rate")
    if mode not in (None, "smart"):
        return f"placement.mode is smart, not {mode}"
    share = float(rate or 0)  # a fraction comes as text
    return None if 0 <= share <= 1 else f"head_sampling_rate is 0 to 1, not {rate}"


def polish_has_three_values(config: Config) -> str | None:
    """A zone's setting of that name; the others are free here."""
    if config.get("setting_id") != "polish":
        return None
    value = config.get("value")
    given = value[-1] if isinstance(value, list) else value  # a dynamic value comes with its type
    return None if given in POLISH else f"polish is one of {', '.join(POLISH)}, not {given}"


def profile_fits(config: Config) -> str | None:
    """A device profile has a place among the others, and a mode that the client has."""
    mode = (config.get("service_mode_v2") or {}).get("mode")
    if mode not in (None, *MODES):
        return f"service_mode_v2.mode is one of {', '.join(MODES)}, not {mode}"
    precedence = config.get("precedence")
    if isinstance(precedence, int) and precedence < 1:
        return f"precedence is 1 or more, not {precedence}"
    return None


def route_is_a_network(config: Config) -> str | None:
    """A route leads to a range by its first address."""
    network = config.get("network")
    if not isinstance(network, str):
        return None
    try:
        ip_network(network)
    except ValueError as error:
        return f"network: {error}"
    return None if "/" in network else f"network: {network} has no length"


def suffixes_are_domains(config: Config) -> str | None:
    """A name for the DNS of the machine's own network is a domain, once."""
    domains = config.get("domains")
    held = [each for each in domains if isinstance(each, dict)] if isinstance(domains, list) else []
    names = [each["suffix"] for each in held if isinstance(each.get("suffix"), str)]
    if bad := [name for name in names if not SUFFIX.fullmatch(name)]:
        return f"{bad[0]} is not a domain"
    return "two domains are the same" if len(set(names)) < len(names) else None
