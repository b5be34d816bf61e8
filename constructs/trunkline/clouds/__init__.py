"""The clouds, by name. A binding is imported only when its cloud is used."""

from __future__ import annotations

from importlib import import_module

from trunkline.clouds.base import Cloud
from trunkline.errors import ConfigurationError
from trunkline.extras import needed_bindings

CLOUDS = {
    "aws": "trunkline.clouds.aws:Aws",
    "google": "trunkline.clouds.google:Google",
    "azure": "trunkline.clouds.azure:Azure",
    "local": "trunkline.clouds.local:Local",
}


def cloud_class(name: str) -> type[Cloud]:
    """The class for a cloud's name; ConfigurationError if it is unknown or not installed."""
    if name not in CLOUDS:
        raise ConfigurationError(f"unknown cloud {name!r}; use one of {', '.join(CLOUDS)}")
    module, _, attribute = CLOUDS[name].partition(":")
    with needed_bindings():
        found: type[Cloud] = getattr(import_module(module), attribute)
    return found
