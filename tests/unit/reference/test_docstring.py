from __future__ import annotations

import pytest
from scripts.reference.docstring import UndocumentedError, parse, require


class Lamp:
    """A lamp.

    It is off at first; see
    `switch`.

    - `color`: the color of the
      light.
    - `watts`: its power.

    After construction, both in Lumen:

    - `bright`: its light.

    >>> Lamp(color="red")
    ... # doctest: +SKIP
    """


def test_a_docstring_falls_into_text_arguments_and_attributes() -> None:
    said = parse(Lamp)
    assert said.text == (
        'A lamp.\n\nIt is off at first; see `switch`.\n\n```python\nLamp(color="red")\n\n```'
    )
    assert said.arguments == {"color": "The color of the light.", "watts": "Its power."}
    assert said.after == "After construction, both in Lumen:"
    assert said.attributes == {"bright": "Its light."}


def test_an_argument_that_the_docstring_leaves_out_is_refused() -> None:
    with pytest.raises(UndocumentedError, match=r"Lamp: its docstring lacks .* - `volts`: …"):
        require("Lamp", parse(Lamp).arguments, ["color", "watts", "volts"])


def test_a_described_argument_that_is_not_there_is_refused() -> None:
    with pytest.raises(UndocumentedError, match=r"describes what it lacks: \['watts'\]"):
        require("Lamp", parse(Lamp).arguments, ["color"])
