"""Only a regular file is replaced; what else there is to write to is written into."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from trunkline.documents.write import write_whole
from trunkline.errors import OutputError


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
        with pytest.raises(OutputError, match="it is no regular file; choose another file"):
            write_whole(path, b"x")
    assert stat.S_ISSOCK(path.stat().st_mode)
