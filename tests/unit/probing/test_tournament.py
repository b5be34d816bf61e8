"""Which agents meet in which round."""

from __future__ import annotations

from itertools import combinations

import pytest

from trunkline.probing.agent import progress_at, rounds


@pytest.mark.parametrize("count", [*range(1, 16), 24, 25])
def test_every_pair_meets_once_in_the_fewest_rounds(count: int) -> None:
    names = [f"zone-{number:02}" for number in range(count)]
    schedules = {name: rounds(names, name) for name in names}
    fewest = count - 1 + count % 2
    assert {len(schedule) for schedule in schedules.values()} == {fewest}
    met = [
        (name, partner)
        for name, schedule in schedules.items()
        for partner in schedule
        if partner is not None and name < partner
    ]
    assert sorted(met) == list(combinations(names, 2))


@pytest.mark.parametrize("count", [2, 7, 12])
def test_partners_agree_on_the_round(count: int) -> None:
    names = [f"zone-{number}" for number in range(count)]
    schedules = {name: rounds(names, name) for name in names}
    for name, schedule in schedules.items():
        for number, partner in enumerate(schedule):
            assert partner is None or schedules[partner][number] == name


def test_the_order_of_the_names_does_not_matter() -> None:
    names = ["c", "a", "d", "b"]
    assert rounds(names, "a") == rounds(sorted(names), "a")


def test_progress_grows_with_sweep_round_and_step() -> None:
    places = [
        (sweep, number, step) for sweep in (1, 2) for number in (0, 1, 250) for step in (0, 3)
    ]
    found = [progress_at(*place) for place in places]
    assert found == sorted(found)
