"""Tables, as people read them and as CSV."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote

from trunkline.report.parts import Row, Table


def table(*rows: Row, decimals: int = 3) -> Table:
    return Table(name="t", caption="T", headings=("a", "b"), rows=rows, decimals=decimals)


def test_figures_have_their_decimals_and_thousands_commas() -> None:
    found = table(decimals=2)
    assert [found.shown(cell) for cell in ("x", 1234, 1234.5, None)] == [
        "x",
        "1,234",
        "1,234.50",
        "not known",
    ]
    assert [table(("a", 1), ("b", None)).has_numbers(each) for each in (0, 1)] == [False, True]
    assert [found.is_number(cell) for cell in ("1", 1, 0.5, None)] == [False, True, True, False]


def test_csv_has_plain_figures_and_nothing_for_what_is_not_known() -> None:
    assert table((1234.5, None), (7, "x, y")).csv == 'a,b\n1234.5,\n7,"x, y"\n'


def test_what_a_spreadsheet_takes_for_a_formula_begins_with_a_quote() -> None:
    rows = list(csv.reader(io.StringIO(table(("=1+1", "@x"), (-1.0, "-x")).csv)))
    assert rows[1:] == [["'=1+1", "'@x"], ["-1", "'-x"]]


def test_the_url_holds_the_csv_and_no_character_that_ends_an_attribute() -> None:
    found = table(('"><script>', "a#b?c %20"))
    head, body = found.csv_url.split(",", 1)
    assert head == "data:text/csv;charset=utf-8"
    assert unquote(body) == found.csv
    assert not set('"<># \n') & set(body)
