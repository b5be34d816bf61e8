"""The CDKTF app whose stacks are written below an output folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cdktf import App

from trunkline.errors import OutputError

# Set here and not only in cdktf.json, so that every way of running gives the same addresses.
CONTEXT = {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}


@contextmanager
def new_app(outdir: Path) -> Iterator[App]:
    """An app that is synthesized when the block ends, and then copied to `outdir`.

    Files of the same content are left as they are, and so is everything that Terraform keeps beside
    them. Raises OutputError where `outdir` cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="trunkline-") as scratch:
        app = App(outdir=scratch, context=CONTEXT)
        yield app
        app.synth()
        _publish(Path(scratch), outdir)


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
