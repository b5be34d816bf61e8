"""A binding that is not installed."""

from __future__ import annotations

import pytest

from trunkline.bindings.extras import require_bindings, require_framework
from trunkline.errors import ConfigurationError


def test_a_missing_binding_is_named_by_its_extra() -> None:
    with (
        pytest.raises(
            ConfigurationError, match=r"azure is not .* pip install 'trunkline\[azure\]'"
        ),
        require_bindings(),
    ):
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_azurerm.subnet")


def test_the_binding_is_named_that_is_missing() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"pip install 'trunkline\[cloudflare\]'"),
        require_bindings(),
    ):
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_cloudflare")


def test_another_missing_module_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), require_bindings():
        raise ModuleNotFoundError(name="attrs")


def test_a_missing_binding_of_the_fork_is_named_by_the_extra_of_the_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trunkline.bindings.extras.uses_fork", lambda: True)
    with (
        pytest.raises(ConfigurationError, match=r"azure is not .* pip install 'trunkline\[cdktn\]"),
        require_bindings(),
    ):
        raise ModuleNotFoundError(name="cdktn_provider_azurerm")


def test_a_missing_framework_is_named_with_both_extras() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"trunkline\[all\].*trunkline\[cdktn\]"),
        require_framework(),
    ):
        raise ModuleNotFoundError(name="cdktf")


def test_another_module_that_the_framework_misses_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), require_framework():
        raise ModuleNotFoundError(name="attrs")
