from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from trunkline.documents.source import MAX_BYTES, Source, read_source
from trunkline.topology import check_file, load


def only(path: str | Path) -> str:
    topology, findings = check_file(path)
    assert topology is None
    (finding,) = findings
    assert (finding.line, finding.column, finding.path) == (1, 1, "topology")
    return finding.message


def test_missing_file(tmp_path: Path) -> None:
    assert only(tmp_path / "no.yaml") == "there is no such file"
    assert only(tmp_path / "no" / "such" / "folder.yaml") == "there is no such file"


def test_file_as_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert only(tmp_path / "file" / "t.yaml") == "there is no such file"


def test_directory(tmp_path: Path) -> None:
    assert only(tmp_path) == "is a directory"


def test_pipe_does_not_block(tmp_path: Path) -> None:
    def give_up(*_: object) -> None:
        raise TimeoutError("reading a pipe blocks")

    os.mkfifo(tmp_path / "pipe")
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(5)
    try:
        assert only(tmp_path / "pipe") == "is not a regular file"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_device() -> None:
    assert only("/dev/null") == "is not a regular file"


def test_broken_link_and_loop(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert only(tmp_path / "broken") == "there is no such file"
    assert only(tmp_path / "loop").startswith("the file cannot be read: ")


def test_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    file = tmp_path / "t.yaml"
    file.touch()
    monkeypatch.setattr(Path, "read_bytes", refuse)  # The tests may run as root.
    assert only(file) == "the file may not be read"


def test_name_that_no_file_has() -> None:
    assert only("a\0b").startswith("the file cannot be read: ")
    assert only("x" * 5000).startswith("the file cannot be read: ")


def test_too_large(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert only(file) == "is larger than 256 KiB"
    file.write_bytes(b"#" * MAX_BYTES)
    assert only(file) == "the file is empty"


def test_too_large_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.yaml"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    monkeypatch.delattr(Path, "read_bytes")
    assert only(file) == "is larger than 256 KiB"


def test_grown_after_the_first_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "t.yaml"
    file.touch()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"#" * (MAX_BYTES + 1))
    assert only(file) == "is larger than 256 KiB"


def test_byte_order_mark_and_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n\xc3\xa9")
    source = read_source(file)
    assert source.text == "a\r\nb\rc\né"
    positions = [source.position(offset) for offset in (0, 1, 3, 5, 7, 8)]
    assert positions == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (4, 2)]


def test_position_counts_as_editors_do() -> None:
    # U+2028 ends a line for Python and for YAML 1.1, but not for an editor.
    assert Source("f", "a\u2028b").position(2) == (1, 3)


def test_load_takes_paths_and_text(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "topologies" / "three-clouds.yaml"
    assert load(example) == load(str(example))
