"""What a journey showed, as one table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, define, field, frozen


@frozen
class Figure:
    """One line of the table; `limit` and `value` are there where something is promised."""

    what: str
    figure: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""

    @property
    def target(self) -> str:
        """What was promised, and whether it holds."""
        if self.limit is None or self.value is None:
            return ""
        return f"at most {self.limit:g} {self.unit}: {'met' if self.met else 'NOT MET'}"

    @property
    def met(self) -> bool:
        """Whether the promise holds; true where nothing is promised."""
        return self.limit is None or self.value is None or self.value <= self.limit


@define
class Report:
    """The figures in their order, and the files that were written."""

    figures: list[Figure] = field(factory=list)
    written: list[str] = field(factory=list)

    def add(
        self,
        what: str,
        figure: str,
        value: float | None = None,
        limit: float | None = None,
        unit: str = "",
    ) -> None:
        """Add a figure; with a `limit`, `value` in `unit` is held against it."""
        self.figures.append(Figure(what, figure, value, limit, unit))

    def as_dict(self) -> Mapping[str, Any]:
        """The same for a program."""
        return {
            "figures": [{**asdict(figure), "met": figure.met} for figure in self.figures],
            "written": self.written,
        }
