"""Lets jsii finish what makes the next start fast.

Until jsii has an index of a package's types it reads all of them at every start: 130 MB for aws.
It writes the index in a thread of its Node process, and a synthesis of two seconds ends before the
thread does. Then no later run has the index either: with jsii 1.142 every run of three-clouds.yaml
took 1.85 s and 718 MB instead of 1.5 s and 240 MB. So the first run waits at its end, about a
second and a half.

Where nothing says that this jsii writes such an index, nothing waits.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

INDEX = ".jsii.runtime-index.v1"
LONGEST_SECONDS = 15.0


def wait_at_exit(name: str, version: str) -> None:
    """Before this process ends, wait until jsii has its index of one package.

    Call it after jsii has started: exit hooks run last in, first out, and jsii's own ends Node.
    """
    atexit.register(wait, name, version)


def wait(name: str, version: str, seconds: float = LONGEST_SECONDS) -> None:
    """Return as soon as the index is there, or cannot come, or after `seconds`."""
    root = _cache_root()
    deadline = time.monotonic() + seconds
    try:
        while _is_awaited(root, name, version) and time.monotonic() < deadline:
            time.sleep(0.05)
    except KeyboardInterrupt:
        return  # The next run waits for it.


def _is_awaited(root: Path, name: str, version: str) -> bool:
    """Tell whether jsii keeps the package in its cache, is still to index it, and can."""
    copies = list((root / name / version).glob("*"))
    if not copies or any((copy / INDEX).exists() for copy in copies):
        return False
    return all(os.access(copy, os.W_OK) for copy in copies) and any(_indexes(root))


def _indexes(root: Path) -> Iterator[Path]:
    """Indexes of the packages that every CDKTF app loads first; none with another jsii."""
    for package in ("constructs", "cdktf", "cdktn"):
        yield from (root / package).glob(f"*/*/{INDEX}")


def _cache_root() -> Path:
    """jsii's own rule; see `defaultCacheRoot` in its kernel."""
    if chosen := os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT"):
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        base = Path(local) if local else Path.home() / "AppData" / "Local"
        return base / "AWS" / "jsii" / "package-cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "com.amazonaws.jsii" / "package-cache"
    return Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
