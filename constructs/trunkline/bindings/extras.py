"""The provider bindings are extras of the package; one that is missing is named with its cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.bindings.lazy import PREFIX
from trunkline.errors import ConfigurationError


@contextmanager
def require_bindings(extra: str) -> Iterator[None]:
    """Turn the failed import of a binding into a ConfigurationError that names its extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(PREFIX):
            raise
        raise ConfigurationError(
            f"the binding for {extra} is not installed; run: pip install 'trunkline[{extra}]'"
        ) from error
