"""A scale of colours from near to far, which people with colour blindness can read as well."""

from __future__ import annotations

# Viridis (Smith and van der Walt, matplotlib, public domain), light for near: seven equal steps.
_STEPS = ("fde725", "90d743", "35b779", "21918c", "31688e", "443983", "440154")

Color = tuple[int, int, int]


def color(share: float) -> Color:
    """Red, green and blue (0 to 255) for a share from 0, near, to 1, far."""
    position = min(max(share, 0.0), 1.0) * (len(_STEPS) - 1)
    index = min(int(position), len(_STEPS) - 2)
    part = position - index
    low, high = _parsed(_STEPS[index]), _parsed(_STEPS[index + 1])
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue


def ink(background: Color) -> str:
    """The text colour on a background, black or white: the contrast is at least 4.5 to 1.

    By relative luminance (WCAG 2.1): at 0.179 both have the same contrast.
    """
    red, green, blue = map(_linear, background)
    return "#000000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "#ffffff"


def as_hex(color: Color) -> str:
    """`#21918c`."""
    return "#" + "".join(f"{part:02x}" for part in color)


def _linear(part: int) -> float:
    share = part / 255
    return float(share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4)


def _parsed(text: str) -> Color:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
