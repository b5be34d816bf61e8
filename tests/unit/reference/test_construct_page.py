from __future__ import annotations

from collections.abc import Mapping

import pytest
from attrs import Factory, frozen
from scripts.reference.construct_page import construct_page
from scripts.reference.docstring import UndocumentedError
from scripts.reference.members import arguments


@frozen
class Bulb:
    """A bulb.

    - `color`: its color.
    - `sizes`: by name.
    - `twin`: as bright as this one.
    """

    color: str
    sizes: Mapping[str, int | None] = Factory(dict)
    twin: str = Factory(lambda self: self.color, takes_self=True)

    def glow(self, hours: int = 1) -> int:
        """Light for `hours`."""
        return hours


def rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("| `")]


def test_a_data_class_has_a_row_for_each_field_and_each_method() -> None:
    assert rows(construct_page([Bulb], {})) == [
        "| `color` | `str` | **required** | Its color. |",
        r"| `sizes` | `Mapping[str, int \| None]` | `{}` | By name. |",
        "| `twin` | `str` | `…` | As bright as this one. |",
        "| `glow(hours=1)` | Light for `hours`. |",
    ]


def test_a_field_that_the_docstring_leaves_out_is_refused() -> None:
    @frozen
    class Silent:
        """A class."""

        color: str

    assert [each.name for each in arguments(Silent)] == ["color"]
    with pytest.raises(UndocumentedError, match="Silent: its docstring lacks"):
        construct_page([Silent], {})


def test_a_construct_that_is_never_made_is_refused() -> None:
    from trunkline import EdgeOrigin

    with pytest.raises(UndocumentedError, match=r"add a case to synthesized.py for: EdgeOrigin"):
        construct_page([EdgeOrigin], {})
