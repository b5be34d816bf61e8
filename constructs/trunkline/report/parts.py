"""What a report is made of: sections with pictures, each with a table behind it."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

from attrs import field, frozen
from markupsafe import Markup

from trunkline.model.converters import texts

Cell = str | float | int | None
Row = tuple[Cell, ...]

UNKNOWN = "not known"

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""


@frozen(kw_only=True)
class Table:
    """Rows below their headings.

    - `name`: names its file of CSV.
    - `caption`: says what it shows.
    - `headings`: one for each column.
    - `rows`: a cell for each heading; None where a figure is not known.
    - `decimals`: how many the figures that are not whole have.
    """

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    decimals: int = 3

    def shown(self, cell: Cell) -> str:
        """A cell as people read it."""
        if cell is None:
            return UNKNOWN
        if isinstance(cell, float):
            return f"{cell:,.{self.decimals}f}"
        return f"{cell:,}" if isinstance(cell, int) else cell

    def is_number(self, cell: Cell) -> bool:
        """Whether a cell stands to the right."""
        return isinstance(cell, int | float)

    def has_numbers(self, column: int) -> bool:
        """Whether a column's heading stands to the right, as its numbers do."""
        return any(self.is_number(row[column]) for row in self.rows)

    @property
    def csv(self) -> str:
        """All of it as CSV; what a spreadsheet would take for a formula begins with a quote."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(_plain, self.headings))
        writer.writerows([_plain(cell) for cell in row] for row in self.rows)
        return text.getvalue()

    @property
    def csv_url(self) -> str:
        """The CSV as a URL that holds it."""
        return f"data:text/csv;charset=utf-8,{quote(self.csv, safe=' ,')}".replace(" ", "%20")


@frozen(kw_only=True)
class Picture:
    """A drawing, in words as well, and the figures behind it.

    - `title`: what it shows.
    - `description`: how to read it, and its main figures.
    - `svg`: the drawing.
    - `table`: the figures.
    """

    title: str
    description: str
    svg: Markup
    table: Table


@frozen(kw_only=True)
class Section:
    """A part of the report.

    - `id`: its place in the page.
    - `title`: its heading.
    - `lead`: sentences below it.
    - `pictures`: what is drawn.
    - `tables`: what is shown as a table only.
    """

    id: str
    title: str
    lead: tuple[str, ...] = field(default=(), converter=texts)
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


@frozen
class Fact:
    """A figure of the summary: what it is, and the figure."""

    what: str
    figure: str


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
