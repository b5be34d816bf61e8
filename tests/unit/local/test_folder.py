"""The folder of a machine."""

from __future__ import annotations

import fcntl
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from trunkline.errors import MachineError
from trunkline.local.folder import checked, empty, locked, make, remove, remove_empty


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".trunkline" / "local" / "machines" / "edge"


def test_a_folder_must_lie_below_the_state_folder(tmp_path: Path, folder: Path) -> None:
    assert checked(folder) == folder.resolve()
    for path in (tmp_path, tmp_path / ".trunkline", tmp_path / ".trunkline" / "x" / ".." / ".."):
        with pytest.raises(MachineError, match=r"does not lie below a folder named \.trunkline"):
            checked(path)


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".trunkline").mkdir()
    (tmp_path / ".trunkline" / "edge").symlink_to(tmp_path)
    with pytest.raises(MachineError):
        checked(tmp_path / ".trunkline" / "edge")


def test_a_locked_folder_makes_others_wait(folder: Path) -> None:
    order = []

    def other() -> None:
        with locked(folder):
            order.append("other")

    with locked(folder):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]


def test_a_wait_that_takes_too_long_names_the_pid_of_the_other(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from trunkline.local.folder import locked\n"
        "with locked(Path(sys.argv[1])): print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        sentence = rf"^edge: another start or stop \(pid {other.pid}\) is at work; wait for it"
        with pytest.raises(MachineError, match=sentence), locked(folder, seconds=0.1):
            pass
        other.kill()


def test_a_lock_file_that_was_removed_before_it_was_locked_is_locked_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    removed: list[Path] = []

    def remove_once(*arguments: int) -> None:
        if not removed:
            removed.append(folder)
            remove(folder)
            make(folder)
            (folder / "lock").touch()  # another start's
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", remove_once)
    with locked(folder), (folder / "lock").open() as lock, pytest.raises(BlockingIOError):
        flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_folder_that_is_removed_while_another_waits_is_made_anew(folder: Path) -> None:
    waited = []

    def other() -> None:
        with locked(folder):
            waited.append((folder / "lock").exists())

    with locked(folder):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.1)
        remove(folder)
    thread.join()
    assert waited == [True]


def test_a_stop_does_not_make_the_folder(folder: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(folder, create=False):
        pass
    assert not folder.exists()


def test_removal_takes_empty_parents_along_and_no_others(tmp_path: Path, folder: Path) -> None:
    make(folder)
    make(folder.parent / "other")
    remove(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["other"]
    remove(folder.parent / "other")
    assert list(tmp_path.iterdir()) == []


def test_removal_does_not_follow_links(tmp_path: Path, folder: Path) -> None:
    make(folder)
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (folder / "link").symlink_to(tmp_path / "precious")
    remove(folder)
    assert (tmp_path / "precious" / "file").exists()


def test_parents_go_although_the_folder_has_gone(tmp_path: Path, folder: Path) -> None:
    make(folder.parent)
    remove_empty(folder)
    assert list(tmp_path.iterdir()) == []


def test_emptying_keeps_the_lock(folder: Path) -> None:
    with locked(folder):
        (folder / "envoy.json").touch()
        empty(folder)
        assert [path.name for path in folder.iterdir()] == ["lock"]


def test_folders_are_for_this_user_alone(tmp_path: Path, folder: Path) -> None:
    make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
