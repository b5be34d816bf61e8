"""The probes of a site."""

from __future__ import annotations

from trunkline.model import Probes, Site
from trunkline.patterns.probe_set import _machine

SITE = Site(
    name="a-site-of-20-letters",
    cloud="google",
    region="northamerica-northeast1",
    zone="northamerica-northeast1-a",
    zones=("northamerica-northeast1-a", "northamerica-northeast1-b"),
)
NAME = "the-longest-name-there-i-probe-a-site-of-20-letters"


def test_the_longest_names_fit_and_stay_apart() -> None:
    names = {_machine(NAME, SITE, zone, Probes()).name for zone in SITE.zones}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)


def test_no_port_is_open_without_operators() -> None:
    assert _machine("probe", SITE, SITE.zone, Probes()).firewall.ingress == ()
    [rule] = _machine(
        "probe", SITE, SITE.zone, Probes(operators=("203.0.113.7/32",), port=9000)
    ).firewall.ingress
    assert (rule.port, rule.cidrs) == (9000, ("203.0.113.7/32",))
