"""The clouds, by name. A binding is imported only when its cloud is used."""

from __future__ import annotations

from importlib import import_module

from trunkline.bindings.extras import require_bindings
from trunkline.clouds.base import Cloud
from trunkline.errors import ConfigurationError

CLOUDS = {
    "aws": "trunkline.clouds.aws.resources:Aws",
    "google": "trunkline.clouds.google.resources:Google",
    "azure": "trunkline.clouds.azure.resources:Azure",
    "local": "trunkline.clouds.local.resources:Local",
}


def cloud_class(name: str) -> type[Cloud]:
    """The class for a cloud's name; ConfigurationError if it is unknown or not installed."""
    if name not in CLOUDS:
        raise ConfigurationError(f"unknown cloud {name!r}; use one of {', '.join(CLOUDS)}")
    module, _, attribute = CLOUDS[name].partition(":")
    with require_bindings():
        found: type[Cloud] = getattr(import_module(module), attribute)
    return found
