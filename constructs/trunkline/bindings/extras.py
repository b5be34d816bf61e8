"""The provider bindings are extras of the package; one that is missing is named with its cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.errors import ConfigurationError

EXTRAS = {
    "cdktf_cdktf_provider_aws": "aws",
    "cdktf_cdktf_provider_google": "google",
    "cdktf_cdktf_provider_azurerm": "azure",
    "cdktf_cdktf_provider_cloudflare": "cloudflare",
}


@contextmanager
def require_bindings() -> Iterator[None]:
    """Turn the failed import of a binding into a ConfigurationError that names the extra."""
    try:
        yield
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        raise ConfigurationError(
            f"the binding for {extra} is not installed; run: pip install 'trunkline[{extra}]'"
        ) from error
