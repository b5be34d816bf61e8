"""A framework or a binding that is not installed."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from trunkline.bindings.extras import require_bindings, require_framework
from trunkline.errors import ConfigurationError

PINS = [
    "attrs>=24",
    "cdktf-cdktf-provider-azurerm==14.23.1; extra == 'all'",
    "cdktf-cdktf-provider-azurerm==14.23.1; extra == 'azure'",
    'cdktn-provider-azurerm==16.9.0; extra == "cdktn"',
]


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("cdktf_cdktf_provider_azurerm.subnet", "azure"),
        ("cdktf_cdktf_provider_azurerm", "azure"),
        ("cdktn_provider_azurerm", "cdktn"),
    ],
)
def test_a_missing_binding_is_named_by_its_extra(
    module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "requires", lambda name: PINS)
    wanted = rf"azurerm is not installed; run: pip install 'trunkline\[{extra}\]'$"
    with pytest.raises(ConfigurationError, match=wanted), require_bindings():
        raise ModuleNotFoundError(name=module)


def test_without_an_installation_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", missing)
    wanted = "run: pip install cdktf-cdktf-provider-azurerm$"
    with pytest.raises(ConfigurationError, match=wanted), require_bindings():
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_azurerm")


def test_another_missing_module_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), require_bindings():
        raise ModuleNotFoundError(name="attrs")


def test_a_missing_framework_is_named_with_both_extras() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"trunkline\[all\].*trunkline\[cdktn\]"),
        require_framework(),
    ):
        raise ModuleNotFoundError(name="cdktf")


def test_another_module_that_the_framework_misses_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError), require_framework():
        raise ModuleNotFoundError(name="attrs")


def test_edges_and_their_backbone_need_no_binding_of_cloudflare() -> None:
    blocked = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("cdktf_cdktf_provider_cloudflare"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Absent())
from trunkline import Backbone, EdgeProxy, PrivateService, ProbeSet
"""
    done = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
