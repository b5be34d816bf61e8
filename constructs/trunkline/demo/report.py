"""The results of a demo, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, define, field, frozen


@frozen
class Figure:
    """One line of the table; `value` and `limit` are given if there is a target."""

    what: str
    figure: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""

    @property
    def target(self) -> str:
        """The target, and whether it is met; empty without one."""
        if self.limit is None or self.value is None:
            return ""
        return f"at most {self.limit:g} {self.unit}: {'met' if self.met else 'NOT MET'}"

    @property
    def met(self) -> bool:
        """Whether the target is met; true without one."""
        return self.limit is None or self.value is None or self.value <= self.limit


@define
class Report:
    """The figures in order, and the files that were written."""

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
        """Add a figure; a `limit` makes it a target for `value`, both in `unit`."""
        self.figures.append(Figure(what, figure, value, limit, unit))

    def as_dict(self) -> Mapping[str, Any]:
        """The report as data, for tools."""
        return {
            "figures": [{**asdict(figure), "met": figure.met} for figure in self.figures],
            "written": self.written,
        }
