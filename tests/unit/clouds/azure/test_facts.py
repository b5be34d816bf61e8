"""What is known of Azure."""

from __future__ import annotations

import pytest

from trunkline.clouds.azure.facts import FACTS, SIZES, has_trusted_launch


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


@pytest.mark.parametrize(
    ("size", "trusted"),
    [
        ("Standard_B1s", True),
        ("Standard_B2ats_v2", True),
        ("Standard_D2s_v3", True),
        ("Standard_DS2_v2", True),
        ("Standard_D2als_v6", True),
        ("Standard_E8-2ads_v5", True),
        ("Standard_F2s_v2", True),
        ("Standard_L8as_v3", True),
        ("Standard_D2ps_v6", True),
        ("Standard_D2pls_v6", True),
        ("Standard_B2pts_v2", False),
        ("Standard_D2ps_v5", False),
        ("Standard_D2pls_v5", False),
        ("Standard_E2pds_v5", False),
        ("Standard_D2_v3", False),
        ("Standard_D2_v2", False),
        ("Standard_DC2as_v5", False),
        ("Standard_A2_v2", False),
        ("Basic_A1", False),
    ],
)
def test_some_sizes_have_trusted_launch(size: str, trusted: bool) -> None:
    assert has_trusted_launch(size) is trusted


def test_regions_without_zones_are_regions() -> None:
    assert FACTS.regions_without_zones < FACTS.regions
