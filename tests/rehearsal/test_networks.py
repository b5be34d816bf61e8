"""Machines of one network reach each other's private addresses, as far as both firewalls allow."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from doubles.machines import machine as booting
from doubles.machines.network import Network, inside
from support.needs import needs

from rehearsal.firewall import Firewall, Rule, load_rules, ruleset
from rehearsal.internet import ip
from rehearsal.networks import Networks, lead, networks

pytestmark = [pytest.mark.slow, needs("Linux", "root", "ip", "nft")]

ALWAYS = ("169.254.169.254",)
OPEN = Firewall((), rest_in=True, rest_out=True)
SHUT = Firewall(())
SSH = (22, 22)
FAR = "10.20.0.0/16"


@contextlib.contextmanager
def machine(where: Networks, network: str, address: str, behind: Firewall) -> Iterator[Network]:
    """A machine at its cable, which accepts connections to port 22."""
    gateway = address.rpartition(".")[0] + ".1"
    with booting.cable(machine_address=address, cloud_address=gateway, length=20) as cable:
        where.join(network, cable)
        load_rules(cable.cloud, ruleset(behind, address, None, ALWAYS))
        with inside(cable.machine), socket.create_server((address, 22)):
            yield cable


def reaches(source: Network, destination: Network) -> bool:
    """Whether a connection comes to be, with the source's own private address."""
    with inside(source.machine), socket.socket() as client:
        client.settimeout(1)
        with contextlib.suppress(OSError):
            client.connect((destination.machine_address, 22))
            return bool(client.getsockname()[0] == source.machine_address)
    return False


def pair(
    addresses: Sequence[str], firewalls: Sequence[Firewall], second: str = "vpc"
) -> tuple[bool, bool]:
    """Whether the first of two machines reaches the second, and the second the first."""
    with (
        networks() as where,
        machine(where, "vpc", addresses[0], firewalls[0]) as one,
        machine(where, second, addresses[1], firewalls[1]) as other,
    ):
        return reaches(one, other), reaches(other, one)


@pytest.mark.parametrize("other", ["10.10.0.11", "10.10.16.10"], ids=["one subnet", "two subnets"])
def test_machines_of_one_network_reach_each_other(other: str) -> None:
    assert pair(("10.10.0.10", other), (OPEN, OPEN)) == (True, True)


def test_machines_of_two_networks_do_not_though_their_ranges_are_the_same() -> None:
    assert pair(("10.10.0.10", "10.10.0.11"), (OPEN, OPEN), second="vpc 2") == (False, False)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (OPEN, SHUT, (False, False)),
        # Answers pass without a rule of their own.
        (Firewall([Rule("out", ("10.10.0.0/16",))]), OPEN, (True, False)),
        (Firewall([Rule("in", ("10.10.0.11/32",), "tcp", SSH)]), OPEN, (False, True)),
        (Firewall([Rule("in", ("10.10.0.12/32",), "tcp", SSH)]), OPEN, (False, False)),
        (OPEN, Firewall([Rule("in", ("0.0.0.0/0",), "tcp", (80, 80))]), (False, False)),
        # A way out is a way to the internet; neighbours need none.
        (Firewall((), True, True, way_out=False), OPEN, (True, True)),
    ],
    ids=["shut", "out", "in", "another address", "another port", "no way out"],
)
def test_both_firewalls_have_a_say(
    first: Firewall, second: Firewall, expected: tuple[bool, bool]
) -> None:
    assert pair(("10.10.0.10", "10.10.0.11"), (first, second)) == expected


@pytest.mark.parametrize(
    ("router", "expected"),
    [
        (Firewall((), True, True, forwards=True), True),
        (OPEN, False),
        (Firewall([Rule("in", ("10.10.0.0/16",), near=(FAR,))], forwards=True), True),
        (Firewall([Rule("in", ("10.10.0.0/16",), near=("10.30.0.0/16",))], forwards=True), False),
    ],
    ids=["forwards", "does not forward", "to this range", "to another range"],
)
def test_a_route_leads_to_a_machine_that_forwards(router: Firewall, expected: bool) -> None:
    with (
        networks() as where,
        machine(where, "vpc", "10.10.0.10", OPEN) as one,
        machine(where, "vpc", "10.10.0.11", router) as hop,
    ):
        ip("-n", hop.machine, "address", "add", "10.20.0.9/32", "dev", "lo")
        beyond = replace(hop, machine_address="10.20.0.9")
        with inside(hop.machine), socket.create_server(("10.20.0.9", 22)):
            assert not reaches(one, beyond)
            for each in (one, hop):
                lead(each, {FAR: "10.10.0.11"})
            assert reaches(one, beyond) is expected
            lead(one, {})
            assert not reaches(one, beyond)
