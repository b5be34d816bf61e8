"""The CDKTF app whose stacks are written below an output folder, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdktf import App

from trunkline.documents.write import write_changed
from trunkline.stacks.outdir import claim

# Set here and not only in cdktf.json, so that every way of running gives the same addresses.
CONTEXT = {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}


@contextmanager
def new_app(outdir: Path, topology: str) -> Iterator[App]:
    """An app that is synthesized when the block ends, and then copied to `outdir`.

    Files of the same content are left as they are, and so is everything that Terraform keeps beside
    them. Raises OutputError where `outdir` cannot be written, or holds the stacks of a topology of
    another name than `topology`.
    """
    with tempfile.TemporaryDirectory(prefix="trunkline-") as scratch:
        claim(outdir, topology, Path(scratch))
        app = App(outdir=scratch, context=CONTEXT)
        yield app
        app.synth()
        _publish(Path(scratch), outdir)


def _publish(scratch: Path, outdir: Path) -> None:
    """Copy what changed, each file in one step; the manifest comes last."""
    for source in sorted(scratch.rglob("*"), key=lambda path: path.name == "manifest.json"):
        if source.is_file():
            target = outdir / source.relative_to(scratch)
            write_changed(target, source.read_bytes(), "choose another folder with --output")
