"""Azure's security rules: priorities that stay when a rule comes or goes."""

from __future__ import annotations

from trunkline.clouds.azure.machines import _security_rules
from trunkline.model import Server, Upstream
from trunkline.patterns.cloudflare_ranges import IPV4
from trunkline.payload import Firewall, Rule, Unit, machine_firewall
from trunkline.payload.units import Cloudflared, Envoy

UPSTREAM = Upstream([Server("10.0.0.9", 8080, tls=False)])
CLOUDFLARED = Cloudflared()
PUBLIC = Envoy(bootstrap={}, upstreams={None: UPSTREAM}, public_to=IPV4)
PRIVATE = Envoy(bootstrap={}, upstreams={None: UPSTREAM})


def priorities(firewall: Firewall) -> dict[str, int]:
    return {key: priority for key, priority, _ in _security_rules(firewall)}


def test_no_two_rules_of_a_direction_have_one_priority() -> None:
    machines: list[list[Unit]] = [[PUBLIC], [PRIVATE, CLOUDFLARED]]
    for units in machines:
        found = priorities(machine_firewall(units))
        for direction in ("inbound", "outbound"):
            numbers = [number for key, number in found.items() if key.startswith(direction)]
            assert len(set(numbers)) == len(numbers)
            assert all(100 <= number <= 4096 for number in numbers)


def test_another_rule_moves_no_other() -> None:
    without = priorities(machine_firewall([Envoy(bootstrap={}), CLOUDFLARED]))
    with_one_more = priorities(machine_firewall([PRIVATE, CLOUDFLARED]))
    assert set(with_one_more) - set(without) == {"outbound-upstream-8080"}
    assert without.items() <= with_one_more.items()


def test_what_is_not_allowed_is_denied_last() -> None:
    for key, priority, rule in _security_rules(Firewall(egress=(Rule(name="https", port=443),))):
        assert (rule["access"] == "Deny") == (priority == 4096) == key.endswith("-deny")
