"""The costs of a topology and of the plans of its stacks agree: Terraform makes the plans."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.providers.terraform_runner import TerraformRunner
from support.examples import THREE

from trunkline.cost.estimate import estimate
from trunkline.cost.line import Line
from trunkline.cost.plan import PlanEstimate, price_plan
from trunkline.cost.prices import load_prices
from trunkline.topology import load

BOOK, _ = load_prices()
Priced = Callable[[str], PlanEstimate]


@pytest.fixture
def priced(
    stacks_of: Callable[[Path], dict[str, Path]],
    terraform_run: Callable[[Path], TerraformRunner],
    tmp_path: Path,
) -> Priced:
    """What the plan of a stack of the reference topology costs."""

    def price(stack: str) -> PlanEstimate:
        run = terraform_run(stacks_of(THREE)[stack])
        run.init()
        file = tmp_path / "plan.json"
        file.write_text(run.plan_as_json())
        return price_plan(file, BOOK)

    return price


def dollars(lines: list[Line]) -> float:
    return sum(line.month.low for line in lines if line.month)


@pytest.mark.slow
@pytest.mark.parametrize("site", ["google", "azure"])
def test_an_edge_costs_the_same_by_its_plan_but_for_the_reads(site: str, priced: Priced) -> None:
    lines = estimate(load(THREE), BOOK).lines
    ours = [line for line in lines if line.site == site and line.item != "reads of secrets"]
    found = priced(f"edge-{site}")
    assert found.unpriced == () and found.total.unknown == ()
    assert dollars(list(found.lines)) == pytest.approx(dollars(ours))


@pytest.mark.slow
def test_probes_cost_the_same_by_their_plan_but_for_the_secret(priced: Priced) -> None:
    ours = [line for line in estimate(load(THREE), BOOK).probes if line.site == "google"]
    found = priced("probes-google")
    machines = [line for line in found.lines if line.item != "secret"]
    assert found.unpriced == ()
    assert dollars(machines) == pytest.approx(dollars(ours))


@pytest.mark.slow
@pytest.mark.parametrize("stack", ["edge-aws", "routing"])
def test_every_type_of_our_own_stacks_is_known(stack: str, priced: Priced) -> None:
    assert priced(stack).unpriced == ()
