"""What is known of Azure."""

from __future__ import annotations

import pytest

from trunkline.clouds.azure.facts import FACTS, SIZES


@pytest.mark.parametrize(
    ("size", "arm"),
    [
        ("Standard_B2pts_v2", True),
        ("Standard_D4ps_v5", True),
        ("Standard_E8-2pds_v6", True),
        ("Standard_B1s", False),
        ("Standard_B2ats_v2", False),
        ("Standard_D4s_v5", False),
        ("Standard_NP10s", False),
    ],
)
def test_a_letter_says_whether_a_size_is_arm(size: str, arm: bool) -> None:
    assert SIZES.is_arm(size) is arm


def test_regions_without_zones_are_regions() -> None:
    assert FACTS.regions_without_zones < FACTS.regions
