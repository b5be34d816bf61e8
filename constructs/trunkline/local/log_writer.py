"""Writes the log of a process: bounded, and an error of it does not stop the process."""

from __future__ import annotations

import os

from trunkline.local.layout import NOTE

LIMIT = 1_000_000  # bytes; the file before is kept as NAME.log.1


class LogWriter:
    """Appends to `path`. Bytes that cannot be written are counted, and `trouble` says why; later a
    note in the log says how many were lost."""

    def __init__(self, path: str, limit: int = LIMIT) -> None:
        self._path, self._limit = path, limit
        self._file = -1
        self._size = 0
        self._lost = 0
        self.trouble = ""

    def write(self, data: bytes) -> None:
        """Append `data`, as much of it as fits on the disk."""
        try:
            self._write_notice()
            self._append(data)
        except OSError as error:
            self._lost += len(data)
            self.trouble = f"{error.strerror}: {self._lost} bytes of its log are lost"

    def note(self, text: str) -> None:
        """Append a line that is not the process's own."""
        self.write(f"{NOTE}{text}\n".encode())

    def retry(self) -> None:
        """See whether the log can be written again."""
        if self.trouble:
            self.write(b"")

    def _write_notice(self) -> None:
        if self._lost:
            notice = f"{NOTE}{self._lost} bytes of this log were lost ({self.trouble})\n"
            self._append(notice.encode())
            self._lost, self.trouble = 0, ""

    def _append(self, data: bytes) -> None:
        if self._file < 0 or self._size + len(data) > self._limit:
            self._open()
        view = memoryview(data)
        while view:
            written = os.write(self._file, view)
            self._size += written
            view = view[written:]

    def _open(self) -> None:
        """Open the file; begin a new one where it is full."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            os.rename(self._path, f"{self._path}.1")  # noqa: PTH104  pathlib would double the supervisor
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size
