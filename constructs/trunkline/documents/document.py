"""What every reader gives: a file as plain Python, with the place of every value."""

from __future__ import annotations

from typing import Any, Protocol

from attrs import frozen

from trunkline.documents.findings import Finding, KeyPath, Problem, show_path
from trunkline.documents.source import Source


@frozen
class Mark:
    """Where a value is: offsets of its key and of itself, and a scalar as the file writes it."""

    key: int | None
    value: int
    written: str | None = None


class Marks(Protocol):
    """The marks of a file's values by key path."""

    def get(self, path: KeyPath, /) -> Mark | None:
        """The mark of the value at `path`, or None where there is no value."""


@frozen
class Document:
    """A file as plain Python, with the mark of every value and what its reader found wrong."""

    source: Source
    data: Any
    marks: Marks
    findings: tuple[Finding, ...] = ()

    def finding(self, problem: Problem) -> Finding:
        """The problem at its place: line and column of the nearest thing that exists."""
        return self.source.finding(
            self._offset(problem),
            problem.message,
            problem.remedy,
            path=show_path(problem.path),
            level=problem.level,
        )

    def line(self, path: KeyPath) -> int:
        """The line of the nearest thing to `path` that exists."""
        return self.source.position(self._offset(Problem(path, "", "")))[0]

    def written(self, path: KeyPath) -> str | None:
        """The scalar at `path` as the file writes it, or None for anything else."""
        mark = self.marks.get(path)
        return mark.written if mark else None

    def _offset(self, problem: Problem) -> int:
        path, at_key = problem.path, problem.at_key
        while (mark := self.marks.get(path)) is None:
            if not path:
                return 0
            path, at_key = path[:-1], True
        # A block's own mark is its first line; its key says better which block is meant.
        return mark.key if mark.key is not None and (at_key or not mark.written) else mark.value
