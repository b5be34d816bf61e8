"""A binding that is not installed."""

from __future__ import annotations

import pytest

from trunkline.bindings.extras import require_bindings
from trunkline.errors import ConfigurationError


def test_a_missing_binding_is_named_by_its_extra() -> None:
    with (
        pytest.raises(
            ConfigurationError, match=r"azure is not .* pip install 'trunkline\[azure\]'"
        ),
        require_bindings("azure"),
    ):
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_azurerm.subnet")


def test_another_missing_module_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), require_bindings("azure"):
        raise ModuleNotFoundError(name="attrs")
