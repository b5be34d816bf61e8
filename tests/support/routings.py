"""A CloudflareRouting in a stack without a topology, as Terraform gets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import trunkline
from trunkline import bindings

ACCOUNT = "0123456789abcdef0123456789abcdef"
ROUTES = {"/api": {"aws": "edge-aws.example.com"}}


def synthesized(add: Callable[[Any], object]) -> dict[str, Any]:
    """What Terraform gets of a stack to which `add` adds constructs."""
    bindings.install()
    from cdktf import App, TerraformStack, Testing

    stack = TerraformStack(App(), "stack")
    add(stack)
    content: dict[str, Any] = json.loads(Testing.synth(stack))
    return content


def routing(**options: Any) -> dict[str, Any]:
    """The stack of a CloudflareRouting."""
    arguments = {"account_id": ACCOUNT, "domain": "example.com", "routes": ROUTES, **options}
    return synthesized(lambda scope: trunkline.CloudflareRouting(scope, "routing", **arguments))


def only(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    [resource] = stack["resource"][kind].values()
    return dict(resource)
