"""From a topology to files: `<outdir>/stacks/<stack>/cdk.tf.json` and the framework's manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from trunkline import bindings
from trunkline.bindings.extras import require_framework
from trunkline.model import Topology
from trunkline.stacks.specs import stack_specs


@frozen
class StackSummary:
    """One synthesized stack: its name, its folder, and how many resources of each provider."""

    name: str
    folder: Path
    resources: Mapping[str, int]


def synthesize(topology: Topology, outdir: Path) -> list[StackSummary]:
    """Write every stack of `topology` below `outdir`, whole or not at all; main.py does the same.

    Files of the same content are left as they are, and so is everything that Terraform keeps beside
    them. Raises OutputError where `outdir` cannot be written, or holds another topology's stacks.
    """
    bindings.install()
    with require_framework():  # after the bindings are in place
        from trunkline.stacks.app import new_app
        from trunkline.stacks.compose import compose

    with new_app(outdir, topology.name) as app:
        compose(app, topology)
    return [_summary(outdir / "stacks" / stack.name) for stack in stack_specs(topology)]


def stale_stacks(outdir: Path) -> list[Path]:
    """Folders of stacks that are no longer in the manifest; they may still stand in the cloud."""
    current = set(_manifest(outdir)["stacks"])
    folders = sorted((outdir / "stacks").iterdir())
    return [folder for folder in folders if folder.is_dir() and folder.name not in current]


def _manifest(outdir: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((outdir / "manifest.json").read_text())
    return content


def _summary(folder: Path) -> StackSummary:
    stack = json.loads((folder / "cdk.tf.json").read_text())
    counts: Counter[str] = Counter()
    for kind, resources in stack.get("resource", {}).items():
        counts[kind.split("_", 1)[0]] += len(resources)
    return StackSummary(folder.name, folder, dict(sorted(counts.items())))
