"""The probes of a site."""

from __future__ import annotations

from trunkline.clouds.base import MachineSpec, Secret
from trunkline.model import Probes, Site
from trunkline.patterns.probe_set import _machine
from trunkline.payload import SecretSource

SITE = Site(
    name="a-site-of-20-letters",
    cloud="google",
    region="northamerica-northeast1",
    zone="northamerica-northeast1-a",
    zones=("northamerica-northeast1-a", "northamerica-northeast1-b"),
)
NAME = "the-longest-name-there-i-probe-a-site-of-20-letters"


def machine(name: str, zone: str, probes: Probes) -> MachineSpec:
    secret = Secret(id="key", source=SecretSource("print('key')", ("name",)))
    return _machine(name, SITE, zone, probes, [], secret, "${sha256(var.key)}")


def test_the_longest_names_fit_and_stay_apart() -> None:
    names = {machine(NAME, zone, Probes()).name for zone in SITE.zones}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)


def test_anybody_may_knock_where_only_the_key_opens() -> None:
    ingress = machine("probe", SITE.zone, Probes()).firewall.ingress
    assert [(rule.protocol, rule.port, rule.cidrs) for rule in ingress] == [
        ("udp", 8100, ("0.0.0.0/0",)),
        ("tcp", 8101, ("0.0.0.0/0",)),
    ]


def test_results_are_for_operators() -> None:
    probes = Probes(operators=("203.0.113.7/32",), port=9000)
    rules = machine("probe", SITE.zone, probes).firewall.ingress
    assert [(r.port, r.cidrs) for r in rules if r.name == "operators"] == [
        (9000, ("203.0.113.7/32",))
    ]


def test_a_new_key_replaces_the_machine_because_nobody_can_restart_its_agent() -> None:
    assert machine("probe", SITE.zone, Probes()).replaced_with == ("${sha256(var.key)}",)
