"""The pilot chooses the rounds, and two looks decide."""

from __future__ import annotations

import random
from itertools import product

import pytest
from benchmarks.comparison import KINDS, compare, ratios

from trunkline.bench.decide import decide, first_look, rounds_needed

QUIET = [1.01, 0.99, 1.02, 0.98, 1.01, 0.99]


@pytest.mark.parametrize("count", range(6))
def test_fewer_rounds_than_a_pilot_are_not_enough(count: int) -> None:
    decision = decide([1.1] * count)
    assert (decision.verdict, decision.needed) == ("not enough rounds", 6)


def test_a_quiet_pilot_is_enough_by_itself() -> None:
    decision = decide(QUIET)
    assert (decision.verdict, decision.rounds, decision.needed) == ("no difference found", 6, 6)
    assert decision.low is not None and decision.high is not None
    assert decision.low < 1 < decision.high


def test_a_loud_pilot_asks_for_more_rounds_and_two_looks() -> None:
    loud = [1.2, 0.8, 1.5, 0.8, 1.02, 0.9]
    needed = rounds_needed(loud)
    assert needed > 30
    assert decide(loud).verdict == "not enough rounds"
    assert first_look(needed) == (needed + 1) // 2
    assert first_look(6) is first_look(7) is None


def test_the_first_look_ends_a_comparison_that_is_clear() -> None:
    pilot = [1.3, 1.2, 1.25, 1.4, 1.1, 1.22]
    half = first_look(rounds_needed(pilot))
    assert half is not None
    assert decide((pilot * 20)[: half - 1]).verdict == "not enough rounds"
    decision = decide((pilot * 20)[:half])
    assert (decision.verdict, decision.rounds, decision.level) == ("different", half, 0.02)
    assert decision.ratio == pytest.approx(1.245, abs=0.02)


def test_a_smaller_difference_and_more_comparisons_need_more_rounds() -> None:
    pilot = [1.1, 0.9, 1.02, 0.97, 1.2, 0.9]
    assert rounds_needed(pilot, effect=0.05) > rounds_needed(pilot) + 10
    assert rounds_needed(pilot, comparisons=3) > rounds_needed(pilot)
    assert decide([1.1] * 6, comparisons=2).verdict == "not enough rounds"


def test_signs_of_the_pilot_do_not_change_what_it_asks_for() -> None:
    sizes = [1.1, 1.2, 1.05, 1.3, 1.1, 1.2]
    asked = {
        rounds_needed([size**sign for size, sign in zip(sizes, signs, strict=True)])
        for signs in product((1, -1), repeat=6)
    }
    assert len(asked) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_rounds_seldom_give_a_false_alarm_and_mostly_what_is_true(kind: str) -> None:
    draw = random.Random(kind)
    false = sum(compare(ratios(KINDS[kind](draw, 0.01), 1.0))[0] for _ in range(25))
    found = sum(compare(ratios(KINDS[kind](draw, 0.01), 1.15))[0] for _ in range(15))
    assert false <= 4  # a test at 5 % exceeds that once in a hundred
    assert found >= 12
