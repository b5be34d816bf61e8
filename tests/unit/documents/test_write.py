"""A file is written whole or not at all; what is not a regular file is never replaced."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.examples import ROOT

from trunkline.documents.write import write_changed, write_private, write_whole
from trunkline.errors import OutputError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    write_whole(tmp_path / "new", b"x")
    assert (tmp_path / "new").read_bytes() == b"x"
    assert mode(tmp_path / "new") == 0o640


@pytest.mark.usefixtures("umask")
def test_an_old_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o606)
    write_whole(tmp_path / "old", b"x")
    assert (tmp_path / "old").read_bytes() == b"x"
    assert mode(tmp_path / "old") == 0o606


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"file: No space left on device; free some space$"):
        write_whole(tmp_path / "file", b"new", "free some space")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a directory; choose another file"):
        write_whole(tmp_path, b"x")


def test_an_equal_file_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    write_changed(file, b"one", "")
    before = file.stat().st_ino
    write_changed(file, b"one", "")
    assert file.stat().st_ino == before
    write_changed(file, b"two", "")
    assert file.read_bytes() == b"two"


def test_a_folder_that_cannot_be_made_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/deep: .*; choose another folder$"):
        write_changed(tmp_path / "file" / "deep", b"x", "choose another folder")


@pytest.mark.usefixtures("umask")
def test_a_private_file_is_for_this_user_alone_whatever_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o644)
    write_private(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert mode(tmp_path / "file") == 0o600


def test_a_private_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        write_private(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_writing_imports_nothing_heavy() -> None:
    """The start of each local machine waits for it."""
    heavy = "{'attrs', 'tempfile', 'json'}"
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'constructs')!r})\n"
        f"import trunkline.documents.write; print(*{heavy} & {{*sys.modules}})"
    )
    command = [sys.executable, "-I", "-S", "-c", code]  # else what measures the coverage is there
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = b"x" * 200_000  # more than a pipe holds
    read: list[bytes] = []
    # Open at both ends, or the reader would see its end before anything is written.
    with os.fdopen(os.open(pipe, os.O_RDWR), "rb", buffering=0) as file:

        def take() -> None:
            while sum(map(len, read)) < len(content):
                read.append(file.read(65_536))

        reader = threading.Thread(target=take, daemon=True)
        reader.start()
        write_whole(pipe, content)
        reader.join(20)
    assert b"".join(read) == content
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_pipe_that_nobody_reads_is_explained_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=r"cannot write .*pipe: .*; choose another file"):
        write_whole(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_link_to_a_terminal_is_written_through(tmp_path: Path) -> None:
    controller, terminal = os.openpty()
    link = tmp_path / "stdout"
    link.symlink_to(os.ttyname(terminal))
    try:
        write_whole(link, b"hello\n")
        assert os.read(controller, 100).startswith(b"hello")
        assert stat.S_ISCHR(link.stat().st_mode)
    finally:
        os.close(controller)
        os.close(terminal)


def test_a_socket_is_neither_replaced_nor_written_into(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        with pytest.raises(OutputError, match="it is not a regular file; choose another file"):
            write_whole(path, b"x")
    assert stat.S_ISSOCK(path.stat().st_mode)
