"""The providers of all stacks, fetched once: a cache of plugins, and what the lock files say.

Terraform takes a plugin from the cache only where the stack's lock file has its checksum, and two
`init` that fill one cache at once break it
(https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache). So stacks
with a provider that is new go first, one after another; the others get the checksums of these.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen
from filelock import FileLock

from trunkline.documents.write import write_changed
from trunkline.errors import OutputError

CACHE = "TF_PLUGIN_CACHE_DIR"
LOCK = ".terraform.lock.hcl"

_BLOCK = re.compile(r'^provider "([^"]+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ *version *= *"([^"]+)"', re.MULTILINE)


@frozen
class Plugin:
    """A provider as a stack pins it: `hashicorp/aws`, `6.25.0`."""

    source: str
    version: str


def cache_folder(env: Mapping[str, str]) -> Path:
    """Where plugins are kept: the user's own folder for that, else one of trunkline's."""
    if chosen := env.get(CACHE):
        return Path(chosen)
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "trunkline" / "plugins"


def plugins_of(stack: Path) -> frozenset[Plugin]:
    """The providers that the stack in a folder requires; those built into Terraform need none."""
    content = json.loads((stack / "cdk.tf.json").read_text("utf-8"))
    required = content.get("terraform", {}).get("required_providers", {})
    return frozenset(Plugin(_source(each["source"]), each["version"]) for each in required.values())


@contextmanager
def alone_with_plugins(stacks: Sequence[Path], cache: Path) -> Iterator[None]:
    """Let no other run of trunkline fill the cache meanwhile; OutputError where that cannot be.

    Stacks that need no plugin need no cache either.
    """
    if not any(map(plugins_of, stacks)):
        yield
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / "trunkline.lock")
        lock.acquire()
    except OSError as error:
        raise OutputError(
            f"cannot write {cache}: {error.strerror or error}; name another folder in {CACHE}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def first_ones(stacks: Sequence[Path], cache: Path) -> list[Path]:
    """Those to initialize one after another: each has a provider that none before it has.

    One that is in the cache, and in the lock file of some stack, is not new.
    """
    known = {each for each in _locked(stacks) if _is_cached(each, cache)}
    found = []
    for stack in sorted(stacks, key=lambda stack: -len(plugins_of(stack))):
        if new := plugins_of(stack) - known:
            known |= new
            found.append(stack)
    return found


def share_checksums(stack: Path, stacks: Sequence[Path]) -> None:
    """Give the lock file of a stack the checksums that others have for its providers.

    What is there for another version than the stack pins goes: Terraform would refuse it.
    """
    locked = _locked(stacks)
    blocks = [locked[plugin].values() for plugin in plugins_of(stack) if plugin in locked]
    path = stack / LOCK
    if blocks or path.exists():
        text = "\n".join(sorted(itertools.chain.from_iterable(blocks)))
        write_changed(path, text.encode(), "choose another folder with --output")


def _locked(stacks: Sequence[Path]) -> dict[Plugin, dict[str, str]]:
    """The blocks of all lock files for a plugin, by the registry's address of it."""
    found: dict[Plugin, dict[str, str]] = {}
    for stack in stacks:
        path = stack / LOCK
        text = path.read_text("utf-8") if path.exists() else ""
        for block in _BLOCK.finditer(text):
            if version := _VERSION.search(block[0]):
                plugin = Plugin(_source(block[1]), version[1])
                found.setdefault(plugin, {}).setdefault(block[1], block[0])
    return found


def _is_cached(plugin: Plugin, cache: Path) -> bool:
    return any(cache.glob(f"*/{plugin.source}/{plugin.version}"))


def _source(address: str) -> str:
    """Namespace and name, without the registry's host: `aws` is short for `hashicorp/aws`."""
    return "/".join(["hashicorp", *address.split("/")][-2:])
