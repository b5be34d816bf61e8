"""The probes of a site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkline import ProbeSet, Site
from trunkline.model import Probes
from trunkline.patterns.probe_set import _machine
from trunkline.payload import SecretSource
from trunkline.payload.units import Agent

SITE = Site(
    name="a-site-of-20-letters",
    cloud="google",
    region="northamerica-northeast1",
    zone="northamerica-northeast1-a",
    zones=("northamerica-northeast1-a", "northamerica-northeast1-b"),
)
NAME = "the-longest-name-there-i-probe-a-site-of-20-letters"


def test_the_longest_names_fit_and_stay_apart() -> None:
    agent = Agent(
        site=SITE.name,
        cloud=SITE.cloud,
        zone=SITE.zone,
        probes=Probes(),
        peers=(),
        key=SecretSource("", ("name",)),
    )
    names = {_machine(NAME, zone, agent, ()).name for zone in SITE.zones}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Probes in three zones of AWS, without a topology."""
    from cdktf import App, TerraformStack, TerraformVariable

    from trunkline.clouds.aws.resources import Aws

    folder = tmp_path_factory.mktemp("probes")
    app = App(outdir=str(folder))
    zones = ("us-east-1a", "us-east-1b", "us-east-1c")
    site = Site(name="shop", cloud="aws", region="us-east-1", zone=zones[0], zones=zones)
    peers: dict[str, list[Any]] = {zone: [] for zone in zones}
    one = TerraformStack(app, "one")
    Aws.provider(one, site)
    key = TerraformVariable(one, "key", type="string").string_value
    ProbeSet(one, "probes", site=site, key=key, peers=peers)
    app.synth()
    text = (folder / "stacks" / "one" / "cdk.tf.json").read_text()
    content: dict[str, Any] = json.loads(text)
    return content


def test_probes_share_one_identity_one_security_group_and_one_lookup_of_sizes(
    stack: dict[str, Any],
) -> None:
    shared = ("aws_iam_role", "aws_iam_instance_profile", "aws_security_group")
    assert {kind: len(stack["resource"][kind]) for kind in shared} == dict.fromkeys(shared, 1)
    assert len(stack["data"]["aws_ec2_instance_type_offerings"]) == 1
    assert len(stack["resource"]["aws_instance"]) == 3


def test_a_new_key_replaces_every_machine(stack: dict[str, Any]) -> None:
    triggers = stack["resource"]["terraform_data"].values()
    assert [each["input"]["0"] for each in triggers] == ["${nonsensitive(sha256(var.key))}"] * 3
