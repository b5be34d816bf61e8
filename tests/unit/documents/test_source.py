from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from attrs import evolve
from support.documents import THING, source

from trunkline.documents.source import UnreadableError, read_source


def only(path: str | Path, max_bytes: int = THING.max_bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        read_source(path, evolve(THING, max_bytes=max_bytes))
    (finding,) = caught.value.findings
    assert (finding.line, finding.column, finding.path) == (1, 1, "thing")
    return f"{finding.message}; {finding.remedy}"


def test_missing_file(tmp_path: Path) -> None:
    assert only(tmp_path / "no.yaml") == "there is no such file; check the name and the folder"
    assert (
        only(tmp_path / "no" / "such" / "folder.yaml")
        == "there is no such file; check the name and the folder"
    )


def test_file_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (
        only(tmp_path / "file" / "t.yaml") == "there is no such file; check the name and the folder"
    )


def test_directory(tmp_path: Path) -> None:
    assert only(tmp_path) == "is a directory; name the thing file inside it"


def test_pipe_does_not_block(tmp_path: Path) -> None:
    def give_up(*_: object) -> None:
        raise TimeoutError("reading a pipe blocks")

    os.mkfifo(tmp_path / "pipe")
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(5)
    try:
        assert only(tmp_path / "pipe") == "is not a regular file; write the thing into a file first"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_device() -> None:
    assert only("/dev/null") == "is not a regular file; write the thing into a file first"


def test_broken_link_and_loop(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert only(tmp_path / "broken") == "there is no such file; check the name and the folder"
    assert only(tmp_path / "loop").startswith("the file cannot be read: ")


def test_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "t.yaml"
    file.touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)  # The tests may run as root.
    assert only(file) == "the file may not be read; give yourself the right to read it"


def test_name_that_no_file_has() -> None:
    assert only("a\0b").startswith("the file cannot be read: ")
    assert only("x" * 5000).startswith("the file cannot be read: ")


TOO_LARGE = "is larger than 256 KiB; check that this is the thing file"


def test_too_large(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes(b"#" * (THING.max_bytes + 1))
    assert only(file) == TOO_LARGE
    assert "is larger than 1 KiB" in only(file, 1024)
    file.write_bytes(b"#" * THING.max_bytes)
    assert len(read_source(file, THING).text) == THING.max_bytes


def test_too_large_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.yaml"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    monkeypatch.delattr(Path, "read_bytes")
    assert only(file) == TOO_LARGE
    assert "is larger than 64 MiB" in only(file, 64 * 1024 * 1024)


def test_grown_after_the_first_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.yaml"
    file.touch()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"#" * (THING.max_bytes + 1))
    assert only(file) == TOO_LARGE


def test_bytes_that_are_not_utf_8_are_named_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes("a\nbü".encode("latin-1"))
    with pytest.raises(UnreadableError, match=r":2:2: thing: byte 0xfc is not UTF-8; save the"):
        read_source(file, THING)


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n\xc3\xa9")
    read = read_source(str(file), THING)
    assert (read.file, read.text) == (str(file), "a\r\nb\rc\né")
    positions = [read.position(offset) for offset in (0, 1, 3, 5, 7, 8)]
    assert positions == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (4, 2)]


def test_position_counts_as_editors_do() -> None:
    # U+2028 ends a line for Python and for YAML 1.1, but not for an editor.
    assert source("a\u2028b").position(2) == (1, 3)


def test_a_finding_without_a_path_is_about_the_file() -> None:
    found = [source("a\nb").finding(2, "it is wrong", "make it right", path=p) for p in ("", "a")]
    assert [str(finding) for finding in found] == [
        "f:2:1: thing: it is wrong; make it right",
        "f:2:1: a: it is wrong; make it right",
    ]
