"""What is known of AWS."""

from __future__ import annotations

import re

import pytest

from trunkline.clouds.aws.facts import FACTS, SIZES


@pytest.mark.parametrize(
    ("size", "arm"),
    [
        ("t4g.micro", True),
        ("m6g.large", True),
        ("c7gn.medium", True),
        ("a1.large", True),
        ("im4gn.large", True),
        ("t3.micro", False),
        ("t2.micro", False),
        ("m7i-flex.large", False),
        ("g4dn.xlarge", False),
        ("g6.large", False),
    ],
)
def test_graviton_is_arm(size: str, arm: bool) -> None:
    assert SIZES.is_arm(size) is arm


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_a_region_belongs_to_a_partition(region: str, partition: str) -> None:
    assert FACTS.role is not None
    assert FACTS.role.partition_of(region) == partition


def test_account_and_partition_are_read_off_a_role() -> None:
    assert FACTS.role is not None
    role = re.match(FACTS.role.pattern, "arn:aws-cn:iam::123456789012:role/team/terraform")
    assert role is not None
    assert role.groupdict() == {"partition": "aws-cn", "account": "123456789012"}
