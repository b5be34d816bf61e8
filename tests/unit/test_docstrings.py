"""The examples in docstrings run, and what they make is a stack that CDKTF writes."""

from __future__ import annotations

import doctest
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cdktf import App, TerraformStack, TerraformVariable
from cdktf import Testing as InMemory  # pytest takes a class named Testing for tests
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_cloudflare.provider import CloudflareProvider
from support.examples import ROOT

import trunkline
from trunkline.addresses.base import Endpoint
from trunkline.addresses.names import Peer

SOURCES = ROOT / "constructs"
ZONES = ("us-east-1a", "us-east-1b")
SITE = trunkline.Site(name="aws", cloud="aws", region="us-east-1", zone=ZONES[0], zones=ZONES)
PEERS = tuple(Peer("aws", zone, Endpoint(f"{zone}.example.com", 8100)) for zone in ZONES)
KEY = trunkline.NodeKey(public_key="key", port=51820, made="2026-11-28")
NODES = {
    site: [trunkline.Node(name=f"{site}-1", address=address, keys=[KEY])]
    for site, address in (("aws", "10.254.0.1"), ("google", "10.254.0.2"))
}


def with_examples() -> Iterator[str]:
    """The modules of the package in whose docstrings examples stand."""
    for file in sorted((SOURCES / "trunkline").rglob("*.py")):
        if "    >>> " in file.read_text():
            yield ".".join(file.relative_to(SOURCES).with_suffix("").parts)


@pytest.fixture
def stack(tmp_path: Path) -> TerraformStack:
    """A stack with the providers that the examples need."""
    stack = TerraformStack(App(outdir=str(tmp_path)), "stack")
    AwsProvider(stack, "aws", region="us-east-1")
    CloudflareProvider(stack, "cloudflare")
    return stack


@pytest.fixture
def names(stack: TerraformStack) -> dict[str, Any]:
    """What the examples take for granted."""
    public = {name: getattr(trunkline, name) for name in trunkline.__all__}
    secrets = {
        name: TerraformVariable(stack, name, type="string", sensitive=True)
        for name in ("key", "token")
    }
    given = {"site": SITE, "peers": dict.fromkeys(ZONES, PEERS), "nodes": NODES}
    return {**public, **secrets, **given, "stack": stack}


@pytest.mark.parametrize("module", [*with_examples()])
def test_the_examples_of_a_module_run(
    module: str, names: dict[str, Any], stack: TerraformStack, capsys: pytest.CaptureFixture[str]
) -> None:
    result = doctest.testmod(importlib.import_module(module), extraglobs=names)
    assert result.attempted
    assert not result.failed, capsys.readouterr().out
    assert json.loads(InMemory.synth(stack))["resource"]
