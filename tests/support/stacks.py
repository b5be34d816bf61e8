"""A stack in memory for parts of constructs, without a topology."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from trunkline import Site
    from trunkline.clouds.base import Cloud


def synthesized(make: Callable[[TerraformStack], object]) -> dict[str, Any]:
    """The JSON of a stack that `make` has filled."""
    from cdktf import App, TerraformStack, Testing

    from trunkline.stacks.app import CONTEXT

    stack = TerraformStack(App(context=CONTEXT), "own")
    make(stack)
    made: dict[str, Any] = json.loads(Testing.synth(stack))
    return made


def resources(site: Site, make: Callable[[Cloud], object]) -> dict[str, list[dict[str, Any]]]:
    """The resources that `make` adds to a site's cloud, by type."""
    from trunkline.clouds import cloud_class

    cloud = cloud_class(site.cloud)
    made = synthesized(lambda stack: make(cloud(stack, site=site, name="shop")))
    return {kind: list(named.values()) for kind, named in made["resource"].items()}
