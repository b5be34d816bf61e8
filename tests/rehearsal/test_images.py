"""The images of the machines: room for them is looked for before anything starts."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from doubles.machines import rootfs


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache on a disk with a tenth of a gigabyte free."""
    monkeypatch.setattr(rootfs, "CACHE", tmp_path)
    usage = SimpleNamespace(free=100_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    return tmp_path


def test_without_room_a_sentence_says_how_much_is_needed_and_where(cache: Path) -> None:
    reason = rootfs.no_room()
    assert reason == (
        f"needs 1.5 GB of disk for the images of its machines in {cache}, and 0.1 GB are free; "
        "make room"
    )


def test_images_that_are_there_need_no_room(cache: Path) -> None:
    (cache / rootfs._recipe()).mkdir()
    assert rootfs.no_room() is None
