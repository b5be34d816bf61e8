"""The framework and the provider bindings are extras of the package; a missing one is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.bindings.fork import FORK_PREFIX, PREFIX
from trunkline.errors import ConfigurationError


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
            "or for the fork: pip install 'trunkline[cdktn]'"
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
        distribution = package.replace("_", "-")
        extra = _extra_with(distribution)
        wanted = f"'trunkline[{extra}]'" if extra else distribution
        raise ConfigurationError(
            f"the binding {distribution} is not installed; run: pip install {wanted}"
        ) from error


def _extra_with(distribution: str) -> str | None:
    """The extra that brings a distribution and little else, as trunkline's own metadata say."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        pins = requires("trunkline") or []
    except PackageNotFoundError:  # the sources alone, without an installation
        return None
    pattern = re.compile(rf"{re.escape(distribution)}\b.*extra == ['\"]([\w-]+)['\"]")
    extras = [match[1] for pin in pins if (match := pattern.match(pin))]
    return next((extra for extra in extras if extra != "all"), None)
