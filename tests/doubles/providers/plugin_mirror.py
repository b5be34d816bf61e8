"""A filesystem mirror of provider doubles, and the CLI configuration that names it."""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
SCHEMAS: Final = HERE.parents[1] / "contract" / "provider_schemas"
TESTS: Final = HERE.parents[1]
MODULE: Final = "doubles.providers.double"
DOUBLE: Final = ("env", f"PYTHONPATH={TESTS}", sys.executable, "-m", MODULE)
HOST: Final = "registry.terraform.io"
MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def pins() -> dict[str, str]:
    """The provider versions that the stacks require, by source address."""
    held: dict[str, str] = json.loads((SCHEMAS / "pins.json").read_text())
    return held


def schema_files() -> dict[str, Path]:
    """The schema file of each provider, by source address.

    A file name carries the version that its schema came from, which may be older than the pin.
    """
    return {
        source: next(iter(SCHEMAS.glob(f"{source.split('/')[1]}-[0-9]*.json"))) for source in pins()
    }


def provider_schemas() -> dict[str, Any]:
    """All schemas, by source address."""
    return {
        source: json.loads(path.read_text())["provider_schemas"][source]
        for source, path in schema_files().items()
    }


def build_mirror(mirror: Path) -> Path:
    """Put a double of every pinned provider into the mirror, under its pinned version."""
    files = schema_files()
    for source, version in pins().items():
        write_double(mirror, source, version, files[source])
    return mirror


def write_double(mirror: Path, source: str, version: str, schema_file: Path) -> Path:
    """One executable in the mirror, which starts the double with this interpreter."""
    name = source.split("/")[1]
    plugin = mirror / HOST / source / version / target() / f"terraform-provider-{name}_v{version}"
    plugin.parent.mkdir(parents=True)
    command = shlex.join([*DOUBLE, "plugin", str(schema_file), source])
    plugin.write_text(f"#!/bin/sh\nexec {command}\n")
    plugin.chmod(0o755)
    return plugin


@contextmanager
def running_doubles() -> Iterator[str]:
    """All doubles in one process, as a value for TF_REATTACH_PROVIDERS; gone at the end."""
    pairs = [word for source, path in schema_files().items() for word in (str(path), source)]
    with subprocess.Popen([*DOUBLE, "serve", *pairs], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            found = json.loads(process.stdout.readline())
            yield json.dumps({f"{HOST}/{source}": where for source, where in found.items()})
        finally:
            process.terminate()


def target() -> str:
    """This machine in Terraform's words, such as linux_amd64."""
    return f"{platform.system().lower()}_{MACHINES[platform.machine().lower()]}"


def write_cli_config(path: Path, mirrors: Mapping[Path, Iterable[str]]) -> Path:
    """A CLI configuration that takes the named providers from the mirrors, all others directly."""
    blocks = [_mirror_block(mirror, sources) for mirror, sources in mirrors.items()]
    everything = [source for sources in mirrors.values() for source in sources]
    direct = f"  direct {{\n    exclude = {_addresses(everything)}\n  }}\n"
    path.write_text("provider_installation {\n" + "".join(blocks) + direct + "}\n")
    return path


def _mirror_block(mirror: Path, sources: Iterable[str]) -> str:
    path, include = json.dumps(str(mirror)), _addresses(sources)
    return f"  filesystem_mirror {{\n    path    = {path}\n    include = {include}\n  }}\n"


def _addresses(sources: Iterable[str]) -> str:
    return json.dumps([f"{HOST}/{source}" for source in sources])
