"""The cost of probes while they run."""

from __future__ import annotations

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.cost.prices import load_prices
from trunkline.cost.probes import probe_cost
from trunkline.model import Probes
from trunkline.topology import load

THREE = load(ROOT / "topologies" / "three-clouds.yaml")
BOOK, _ = load_prices()


def test_each_machine_with_its_address_and_its_disk_is_counted() -> None:
    cost = probe_cost(THREE, BOOK)
    assert cost is not None
    assert cost.machines == 12
    machines = 6 * 0.0084 + 3 * 0.00943 + 3 * 0.0084
    disks = (6 * 8 * 0.08 + 3 * 10 * 0.04 + 3 * 2.40) / 730
    assert cost.dollars_per_hour == pytest.approx(machines + 12 * 0.005 + disks)
    assert cost.unknown == ()


def test_fewer_at_a_time_cost_less() -> None:
    cost = probe_cost(evolve(THREE, probes=Probes(max_parallel=2)), BOOK)
    assert cost is not None
    assert cost.machines == 6


def test_a_size_without_a_price_is_named_and_not_guessed() -> None:
    big = evolve(THREE.sites[0], machine="m7i.metal-48xl")
    cost = probe_cost(evolve(THREE, sites=(big,)), BOOK)
    assert cost is not None
    assert cost.unknown == ("aws/machine/m7i.metal-48xl@us-east-1",)
    assert cost.dollars_per_hour == pytest.approx(6 * 0.005 + 6 * 8 * 0.08 / 730)


def test_this_machine_and_no_probes_cost_nothing() -> None:
    assert probe_cost(load(ROOT / "topologies" / "local.yaml"), BOOK) is None
    assert probe_cost(evolve(THREE, probes=None), BOOK) is None
