"""What turns arguments of the model into what its frozen classes hold."""

from __future__ import annotations

from collections.abc import Iterable


def texts(values: Iterable[str]) -> tuple[str, ...]:
    """Any iterable of texts, such as a list, as a tuple."""
    return tuple(values)
