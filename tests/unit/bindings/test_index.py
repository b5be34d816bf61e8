"""The wait for jsii's index: no longer than needed, and never for what cannot come."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from trunkline.bindings import index as bindings_index

NAME, VERSION = "@cdktf/provider-null", "1.0.0"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of a jsii that writes indexes, with one package that has none yet."""
    monkeypatch.setenv("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(tmp_path))
    for package in ("constructs/10.8.1", f"{NAME}/{VERSION}"):
        (tmp_path / package / "digest").mkdir(parents=True)
    (tmp_path / "constructs/10.8.1/digest" / bindings_index.INDEX).touch()
    return tmp_path


def waited(seconds: float) -> float:
    start = time.monotonic()
    bindings_index.wait(NAME, VERSION, seconds)
    return time.monotonic() - start


def test_it_ends_when_the_index_comes(cache: Path) -> None:
    index = cache / NAME / VERSION / "digest" / bindings_index.INDEX
    timer = threading.Timer(0.3, index.touch)
    timer.start()
    assert 0.2 < waited(20) < 15
    timer.join()


def test_it_ends_when_the_index_does_not_come(cache: Path) -> None:
    assert 0.1 <= waited(0.1) < 15


def test_it_does_not_wait_for_a_package_that_is_not_cached(cache: Path) -> None:
    (cache / NAME / VERSION / "digest").rmdir()
    assert waited(20) < 10


def test_it_does_not_wait_with_a_jsii_that_writes_no_index(cache: Path) -> None:
    (cache / "constructs/10.8.1/digest" / bindings_index.INDEX).unlink()
    assert waited(20) < 10
