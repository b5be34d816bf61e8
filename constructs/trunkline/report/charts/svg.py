"""Elements of SVG, with every text escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

CHARACTER = 7.6
"""Pixels: at least the mean width of a character of bold 12 pixel text."""

Value = str | float


def element(name: str, *children: Markup | str, **attributes: Value | None) -> Markup:
    """An element; `class_` is its class, and an underscore in a name stands for a hyphen."""
    given = {key: value for key, value in attributes.items() if value is not None}
    text = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _short(value))
        for key, value in given.items()
    )
    inner = Markup("").join(map(escape, children))
    return Markup("<{0}{1}>{2}</{0}>").format(name, text, inner)


def drawing(
    key: str, title: str, description: str, size: tuple[float, float], parts: Iterable[Markup]
) -> Markup:
    """A whole drawing, with its title and description for those who do not see it.

    `key` is its own in the page.
    """
    width, height = size
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *parts,
        role="img",
        aria_labelledby=f"{key}-title",
        aria_describedby=f"{key}-desc",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=round(width),
        height=round(height),
    )


def text(x: float, y: float, words: str, class_: str | None = None, **more: Value) -> Markup:
    """Words at a place."""
    return element("text", words, x=x, y=y, class_=class_, **more)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, class_: str, **more: Value) -> Markup:
    """A rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, class_=class_, **more)


def cut(words: str, width: float) -> str:
    """Words that fit into so many pixels, with an ellipsis where they are too long."""
    most = max(int(width / CHARACTER), 1)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _short(value: Value) -> str:
    """A number with one decimal at most: a drawing has thousands of them."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
