"""The framework's community fork, under the names that every import in this project uses.

HashiCorp archived CDKTF; CDK Terrain (https://cdktn.io) goes on with it. Its packages have other
names and the same modules: `cdktn` is `cdktf`, `cdktn_provider_aws` is `cdktf_cdktf_provider_aws`.
Where only the fork is installed, `install()` lets the old names find it, so one code runs on both
(ADR 10).
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

PREFIX = "cdktf_cdktf_provider_"
FORK_PREFIX = "cdktn_provider_"


def install() -> None:
    """Let `cdktf` and its bindings mean the fork, where that alone is installed.

    An installed cdktf wins: then nothing is changed. A second call changes nothing.
    """
    known = any(isinstance(finder, _ForkFinder) for finder in sys.meta_path)
    if not known and uses_fork():
        # First, or Python would load a submodule again under its other name.
        sys.meta_path.insert(0, _ForkFinder())


def uses_fork() -> bool:
    """Tell whether the framework is the fork: it is installed, and cdktf is not."""
    return not _is_installed("cdktf") and _is_installed("cdktn")


def _is_installed(package: str) -> bool:
    """Tell whether a package is there, without importing it; a bare folder of its name is none."""
    spec = importlib.machinery.PathFinder.find_spec(package)
    return spec is not None and spec.origin is not None


def _name_in_fork(fullname: str) -> str | None:
    """The fork's name of a module of the framework or of a binding; None for any other."""
    package, dot, rest = fullname.partition(".")
    if package == "cdktf":
        return f"cdktn{dot}{rest}"
    if package.startswith(PREFIX):
        return f"{FORK_PREFIX}{package.removeprefix(PREFIX)}{dot}{rest}"
    return None


class _ForkFinder(importlib.abc.MetaPathFinder):
    """Answers for the old names with the fork's modules; leaves all else to other finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Describe the module of the old name, which is the fork's own."""
        name = _name_in_fork(fullname)
        if name is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, _ForkLoader(name))


class _ForkLoader(importlib.abc.Loader):
    """Hands out a module of the fork as it is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: importlib.machinery.ModuleSpec | None = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Import it under its own name; one that is missing is reported under that name."""
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give it its own spec back, which Python has just replaced."""
        module.__spec__ = self._spec
