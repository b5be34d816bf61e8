"""What is known of Google Cloud."""

from __future__ import annotations

import pytest

from trunkline.clouds.google.facts import FACTS, SIZES


@pytest.mark.parametrize(
    ("size", "arm"),
    [
        ("e2-micro", False),
        ("n2d-standard-2", False),
        ("t2a-standard-1", True),
        ("c4a-highcpu-1", True),
    ],
)
def test_the_series_says_whether_a_size_is_arm(size: str, arm: bool) -> None:
    assert SIZES.is_arm(size) is arm


def test_no_physical_zones_are_exposed() -> None:
    assert not FACTS.exposes_physical_zones
