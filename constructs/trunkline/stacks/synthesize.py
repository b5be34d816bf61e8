"""From a topology to files: `<outdir>/stacks/<stack>/cdk.tf.json` and the framework's manifest."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from trunkline import bindings
from trunkline.bindings.extras import require_bindings
from trunkline.errors import OutputError
from trunkline.model import Topology
from trunkline.stacks.specs import stack_specs

# Set here and not only in cdktf.json, so that every way of running gives the same addresses.
CONTEXT = {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}


@frozen
class StackSummary:
    """One synthesized stack: its name, its folder, and how many resources of each provider."""

    name: str
    folder: Path
    resources: Mapping[str, int]


def synthesize(topology: Topology, outdir: Path) -> list[StackSummary]:
    """Write every stack of `topology` below `outdir`, whole or not at all.

    Files of the same content are left as they are, and so is everything that Terraform keeps beside
    them. Raises OutputError where `outdir` cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="trunkline-") as scratch:
        _run(topology, Path(scratch))
        _publish(Path(scratch), outdir)
    return [_summary(outdir / "stacks" / stack.name) for stack in stack_specs(topology)]


def stale_stacks(outdir: Path) -> list[Path]:
    """Folders of stacks that are no longer in the manifest; they may still stand in the cloud."""
    current = set(_manifest(outdir)["stacks"])
    folders = sorted((outdir / "stacks").iterdir())
    return [folder for folder in folders if folder.is_dir() and folder.name not in current]


def _run(topology: Topology, outdir: Path) -> None:
    bindings.install()
    from cdktf import App  # after the bindings are in place

    with require_bindings():
        from trunkline.stacks.stacks import add_stacks

    app = App(outdir=str(outdir), context=CONTEXT)
    add_stacks(app, topology)
    app.synth()


def _publish(scratch: Path, outdir: Path) -> None:
    """Copy what changed, each file in one step; the manifest comes last."""
    sources = sorted(scratch.rglob("*"), key=lambda path: path.name == "manifest.json")
    try:
        for source in sources:
            target = outdir / source.relative_to(scratch)
            if source.is_file() and not _same(source, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target.with_name(f".{target.name}.new"))
                target.with_name(f".{target.name}.new").replace(target)
    except OSError as error:
        raise OutputError(
            f"cannot write {error.filename}: {error.strerror}; choose another folder with --output"
        ) from error


def _same(source: Path, target: Path) -> bool:
    return target.is_file() and target.read_bytes() == source.read_bytes()


def _manifest(outdir: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((outdir / "manifest.json").read_text())
    return content


def _summary(folder: Path) -> StackSummary:
    stack = json.loads((folder / "cdk.tf.json").read_text())
    counts: Counter[str] = Counter()
    for kind, resources in stack.get("resource", {}).items():
        counts[kind.split("_", 1)[0]] += len(resources)
    return StackSummary(folder.name, folder, dict(sorted(counts.items())))
