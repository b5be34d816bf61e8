"""Which machine sizes are Arm, so that each gets an image that boots on it."""

from __future__ import annotations

import pytest

from trunkline.clouds.aws import machines as aws
from trunkline.clouds.azure import machines as azure
from trunkline.clouds.google import machines as google


@pytest.mark.parametrize(
    "size", ["t4g.micro", "m6g.large", "c7gn.medium", "a1.large", "im4gn.large"]
)
def test_graviton_is_arm(size: str) -> None:
    assert aws._architecture(size) == "arm64"


@pytest.mark.parametrize(
    "size", ["t3.micro", "t2.micro", "m7i-flex.large", "g4dn.xlarge", "g6.large"]
)
def test_other_instance_types_are_not(size: str) -> None:
    assert aws._architecture(size) == "x86_64"


@pytest.mark.parametrize(
    ("size", "arm"),
    [
        ("e2-micro", False),
        ("n2d-standard-2", False),
        ("t2a-standard-1", True),
        ("c4a-highcpu-1", True),
    ],
)
def test_google_names_arm_by_its_series(size: str, arm: bool) -> None:
    assert google._is_arm(size) is arm


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
def test_azure_names_arm_by_a_letter(size: str, arm: bool) -> None:
    assert azure._is_arm(size) is arm
