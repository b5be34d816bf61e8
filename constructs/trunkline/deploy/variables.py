"""What Terraform gets from the operator: the keys in their file, and the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from trunkline.deploy.keys import Keys, KeysError
from trunkline.deploy.targets import StackTarget, required_variables
from trunkline.errors import ConfigurationError
from trunkline.model import EDGE_KEY, PREVIOUS

_OF_A_KEY = re.compile(rf"TF_VAR_(probe|edge|backbone_\w+)_key({PREVIOUS})?")


def with_keys(env: Mapping[str, str], file: Path) -> dict[str, str]:
    """The environment with the keys of a file, where there is one.

    What the file says of keys counts alone: a shell may still have those from before a rotation.
    KeysError where the file is not one of keys.
    """
    keys = Keys.read(file).environment()
    if not keys:
        return dict(env)
    others = {name: value for name, value in env.items() if not _OF_A_KEY.fullmatch(name)}
    return {**others, **keys}


def edge_keys(env: Mapping[str, str], file: Path) -> list[str]:
    """The edge key, and the one before while it is rotated; KeysError where there is none."""
    known = with_keys(env, file)
    names = (f"TF_VAR_{EDGE_KEY.variable}", f"TF_VAR_{EDGE_KEY.previous}")
    found = [known[name] for name in names if known.get(name)]
    if not found:
        raise KeysError(
            f"the edge key is missing: name the file that trunkline keys made with --keys, or set "
            f"{names[0]}"
        )
    return found


def check_variables(
    targets: Sequence[StackTarget], env: Mapping[str, str], topology: str, keys_file: Path
) -> None:
    """Raise ConfigurationError with each variable that a stack needs and that is not set.

    `topology` and `keys_file` are the files, as the operator names them.
    """
    missing: dict[str, list[str]] = {}
    for target in targets:
        for name in required_variables(target):
            if not env.get(name):
                missing.setdefault(name, []).append(target.name)
    if missing:
        lines = [
            f"  {name}, for {', '.join(stacks)}: {_remedy(name, topology, keys_file)}"
            for name, stacks in missing.items()
        ]
        raise ConfigurationError("nothing was begun; these are not set:\n" + "\n".join(lines))


def _remedy(name: str, topology: str, keys_file: Path) -> str:
    if _OF_A_KEY.fullmatch(name):
        return f"make it with trunkline keys {topology} --file {keys_file}"
    return f"export {name}=..."
