"""The framework and the provider bindings are extras of the package; a missing one is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.bindings.fork import FORK_PREFIX, PREFIX, uses_fork
from trunkline.errors import ConfigurationError

FORK_EXTRA = "cdktn"
# Where the extra has another name than the provider.
_EXTRAS = {"azurerm": "azure"}


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
def require_bindings() -> Iterator[None]:
    """Turn the failed import of a binding into a ConfigurationError that names its extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package.startswith((PREFIX, FORK_PREFIX)):
            raise
        provider = package.rpartition("provider_")[2]
        cloud = _EXTRAS.get(provider, provider)
        # The fork's bindings come in one extra: whoever moves, moves all of them.
        extra = FORK_EXTRA if uses_fork() else cloud
        raise ConfigurationError(
            f"the binding for {cloud} is not installed; run: pip install 'trunkline[{extra}]'"
        ) from error
