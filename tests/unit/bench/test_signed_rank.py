"""The exact signed-rank test gives the values that tables and other programs give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.bench.signed_rank import estimate, fewest, interval, p_value

# Darwin's plants, the example of
# https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.wilcoxon.html
DARWIN = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]


def test_the_probability_is_that_of_scipys_documentation() -> None:
    assert p_value(DARWIN) == 0.041259765625


# Critical values of W at two-sided 5 %, as tables of Wilcoxon's test have them.
@pytest.mark.parametrize(("count", "critical"), [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13)])
def test_critical_values_are_those_of_the_tables(count: int, critical: int) -> None:
    def with_negative_sum(total: int) -> list[int]:
        left, signs = total, []
        for rank in range(count, 0, -1):
            negative = rank <= left
            left -= rank if negative else 0
            signs.append(-rank if negative else rank)
        return signs

    assert p_value(with_negative_sum(critical)) <= 0.05 < p_value(with_negative_sum(critical + 1))


def test_equal_sizes_share_their_rank_and_zeros_count_for_nothing() -> None:
    assert p_value([1, 1, 1, 1, 1, 1]) == p_value([1, 2, 3, 4, 5, 6]) == 2 / 64
    assert p_value([1, 1, -1]) == 1.0
    assert p_value([0, 1, 2]) == p_value([1, 2])
    assert p_value([]) == p_value([0, 0]) == 1.0


def test_the_estimate_is_the_median_of_all_means_of_two() -> None:
    assert estimate([1, 2, 6]) == 2.75
    assert estimate([3]) == 3


def test_six_differences_have_an_interval_from_the_least_to_the_largest() -> None:
    assert interval([5, 1, 2, 3, 4, 9], 0.05) == (1, 9)
    assert interval([1, 2, 3, 4, 9], 0.05) is None


def test_below_six_differences_nothing_is_rejected_at_five_percent() -> None:
    assert (fewest(0.05), fewest(0.035), fewest(0.02)) == (6, 6, 7)


SIZES = st.lists(st.integers(1, 10**6), min_size=6, max_size=14, unique=True)


@given(SIZES, st.integers(0, 2**14), st.sampled_from([0.05, 0.035, 0.02]))
def test_the_interval_leaves_out_zero_exactly_where_the_test_rejects(
    sizes: list[int], signs: int, level: float
) -> None:
    differences = [size if signs >> bit & 1 else -size for bit, size in enumerate(sizes)]
    found = interval(differences, level)
    rejects = p_value(differences) <= level
    assert rejects == (found is not None and not found[0] <= 0 <= found[1])


@given(SIZES, st.integers(0, 2**14))
def test_the_other_way_round_is_as_probable(sizes: list[int], signs: int) -> None:
    differences = [size if signs >> bit & 1 else -size for bit, size in enumerate(sizes)]
    assert p_value(differences) == p_value([-each for each in differences])
