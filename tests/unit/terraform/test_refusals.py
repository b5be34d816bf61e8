"""Errors shortened to what matters, with what to do."""

from __future__ import annotations

import pytest

from trunkline.addresses.cloudflare import CloudflareAddresses
from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.terraform.refusals import SHOWN, Refusal, told
from trunkline.terraform.transcript import Trouble

# What Terraform 1.11 prints where another process holds the state.
LOCKED = """Error message: resource temporarily unavailable
Lock Info:
  ID:        0b8b9d1c-5a1c-8a43-9d5f-4f9c51e94f3a
  Path:      ../../../state/shop/edge-aws.tfstate
  Operation: OperationTypeApply
  Who:       ada@desk
  Version:   1.11.4
  Created:   2026-11-27 23:05:02.7 +0000 UTC

Terraform acquires a state lock to protect the state."""


@pytest.mark.parametrize("program", ["terraform", "tofu"])
def test_who_holds_a_lock_is_told_and_how_to_break_it(program: str) -> None:
    trouble = Trouble("Error acquiring the state lock", LOCKED)
    assert told(trouble, "cdktf.out/stacks/edge-aws", program=program).endswith(
        "\nada@desk has been at work on it since 2026-11-27 23:05:02: wait for that run; if it has "
        f"died, {program} -chdir=cdktf.out/stacks/edge-aws force-unlock "
        "0b8b9d1c-5a1c-8a43-9d5f-4f9c51e94f3a"
    )


def test_an_error_is_its_address_its_summary_and_the_first_paragraph() -> None:
    trouble = Trouble("creating VPC", "a limit\nis reached\n\nmore about it", "aws_vpc.a")
    assert told(trouble, "stack") == "aws_vpc.a: creating VPC: a limit is reached"


def test_a_detail_that_says_the_same_is_left_out() -> None:
    assert told(Trouble("no", "no"), "stack") == "no"


def test_a_long_error_is_cut() -> None:
    assert len(told(Trouble("x" * 500), "stack")) == SHOWN + 1


def test_what_a_provider_is_known_to_refuse_has_a_remedy() -> None:
    known = Refusal(r"limit of (?P<what>\w+)", "ask for more {what}")
    assert told(Trouble("No", "a Limit of VPCs"), "stack", [known]).endswith("\nask for more VPCs")


# What the providers say without credentials, or with those of somebody else.
WITHOUT = {
    "aws": ("No valid credential sources found", "operation error STS: ExpiredToken"),
    "google": ("google: could not find default credentials. See https://cloud.google.com",),
    "azure": ("unable to build authorizer for Resource Manager API: could not configure AzureCli",),
    "local": (),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_each_cloud_says_how_to_log_in(cloud: str) -> None:
    for text in WITHOUT[cloud]:
        assert "log in" in told(Trouble("Error", text), "stack", facts_of(cloud).refusals)


def test_a_token_that_is_not_taken_is_told() -> None:
    text = '{"errors":[{"code":10000,"message":"Authentication error"}]}'
    assert "CLOUDFLARE_API_TOKEN" in told(
        Trouble("failed to make http request", text), "stack", CloudflareAddresses.refusals
    )
