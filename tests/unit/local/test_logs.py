"""Logs: bounded, robust, readable."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trunkline.local.log_reader import follow, last_lines
from trunkline.local.log_writer import LogWriter


def test_a_full_log_begins_anew_and_keeps_the_one_before(tmp_path: Path) -> None:
    log = LogWriter(str(tmp_path / "web.log"), limit=10)
    for text in (b"first\n", b"second\n", b"third\n"):
        log.write(text)
    assert (tmp_path / "web.log").read_text() == "third\n"
    assert (tmp_path / "web.log.1").read_text() == "second\n"


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    LogWriter(str(tmp_path / "web.log")).write(b"one\n")
    LogWriter(str(tmp_path / "web.log")).write(b"two\n")
    assert (tmp_path / "web.log").read_text() == "one\ntwo\n"


def test_what_cannot_be_written_is_counted_and_noted_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogWriter(str(tmp_path / "web.log"))
    log.write(b"before\n")
    with monkeypatch.context() as full:

        def refuse(*_: object) -> int:
            raise OSError(28, "No space left on device")

        full.setattr(os, "write", refuse)
        log.write(b"lost\n")
        log.retry()
        assert log.trouble == "No space left on device: 5 bytes of its log are lost"
    log.retry()
    assert log.trouble == ""
    log.write(b"after\n")
    text = (tmp_path / "web.log").read_text()
    assert text.startswith("before\n[trunkline] 5 bytes of this log were lost (No space left")
    assert text.endswith("after\n")


def test_a_log_that_was_deleted_is_written_anew_when_it_is_full(tmp_path: Path) -> None:
    log = LogWriter(str(tmp_path / "web.log"), limit=10)
    log.write(b"first\n")
    (tmp_path / "web.log").unlink()
    log.write(b"second\n")
    log.write(b"third\n")
    assert (tmp_path / "web.log").read_text().endswith("third\n")


def test_last_lines_reach_back_into_the_rotated_log(tmp_path: Path) -> None:
    (tmp_path / "web.log.1").write_text("one\ntwo\n")
    (tmp_path / "web.log").write_text("three\nfour")
    assert last_lines(tmp_path / "web.log", 3) == ["two", "three", "four"]
    assert last_lines(tmp_path / "web.log", 0) == []
    assert last_lines(tmp_path / "none.log", 3) == []


def test_last_lines_of_a_large_log_are_whole_lines(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("".join(f"{i:09}\n" for i in range(20_000)))
    lines = last_lines(tmp_path / "web.log", 10_000)
    assert lines[-1] == "000019999"
    assert {len(line) for line in lines} == {9}


def test_following_sees_what_is_added_across_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("old\n")
    pieces = follow(path)
    assert next(pieces) == ""
    with path.open("a") as file:
        file.write("one\n")
    assert next(pieces) == "one\n"
    path.rename(tmp_path / "web.log.1")
    path.write_text("two\n")
    assert [next(pieces), next(pieces)] in (["", "two\n"], ["two\n", ""])


def test_following_begins_when_it_is_asked_for_not_when_it_is_first_read(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("old\n")
    pieces = follow(path)
    with path.open("a") as file:
        file.write("written meanwhile\n")
    assert next(pieces) == "written meanwhile\n"


def test_following_gives_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.touch()
    pieces = follow(path)
    seen = [next(pieces)]
    for text in ("on", "e\ntw", "o\n"):
        with path.open("a") as file:
            file.write(text)
        seen.append(next(pieces))
    assert seen == ["", "", "one\n", "two\n"]


def test_following_waits_for_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    pieces = follow(tmp_path / "web.log")
    assert next(pieces) == ""
    (tmp_path / "web.log").write_text("one\n")
    assert "".join([next(pieces), next(pieces)]) == "one\n"
