"""The framework and the provider bindings are extras of the package; a missing one is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.bindings.fork import FORK_PREFIX, PREFIX, uses_fork
from trunkline.errors import ConfigurationError

FORK_EXTRA = "cdktn"


@contextmanager
def require_framework() -> Iterator[None]:
    """Turn the failed import of cdktf into a ConfigurationError that names its extras."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "cdktf":
            raise
        raise ConfigurationError(
            "neither cdktf nor its fork cdktn is installed; run: pip install 'trunkline[all]', "
            f"or for the fork: pip install 'trunkline[{FORK_EXTRA}]'"
        ) from error


@contextmanager
def require_bindings(extra: str) -> Iterator[None]:
    """Turn the failed import of a binding into a ConfigurationError that names its extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith((PREFIX, FORK_PREFIX)):
            raise
        # The fork's bindings come in one extra: whoever moves, moves all of them.
        missing = FORK_EXTRA if uses_fork() else extra
        raise ConfigurationError(
            f"the binding for {extra} is not installed; run: pip install 'trunkline[{missing}]'"
        ) from error
