"""What the clouds share."""

from __future__ import annotations

import pytest

from trunkline.addresses.base import short_name
from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds import cloud_class
from trunkline.clouds.base import Cloud, rules_by_cidr
from trunkline.clouds.facts import CLOUDS
from trunkline.errors import ConfigurationError
from trunkline.payload import Rule
from trunkline.terraform.escape import escape


@pytest.mark.parametrize("name", CLOUDS)
def test_every_cloud_is_found_by_name(name: str) -> None:
    assert issubclass(cloud_class(name), Cloud)


def test_an_unknown_cloud_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="unknown cloud 'aks'; use one of aws, google, az"):
        cloud_class("aks")


def test_a_binding_that_is_not_installed_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_google")

    monkeypatch.setattr("trunkline.clouds.import_module", missing)
    with pytest.raises(ConfigurationError, match=r"pip install 'trunkline\[google\]'"):
        cloud_class("google")


@pytest.mark.parametrize(
    ("cidr", "index", "subnet"),
    [
        ("10.0.0.0/16", 0, "10.0.0.0/20"),
        ("10.0.0.0/16", 5, "10.0.80.0/20"),
        ("10.1.2.0/24", 15, "10.1.2.240/28"),
    ],
)
def test_a_subnet_is_a_sixteenth_of_its_network(cidr: str, index: int, subnet: str) -> None:
    assert subnet_cidr(cidr, index) == subnet


def test_a_long_name_is_cut_and_stays_unique() -> None:
    one, other = (short_name(f"a-very-long-name-of-a-machine-{number}", 30) for number in (1, 2))
    assert len(one) <= 30
    assert one != other
    assert short_name("short", 30) == "short"


def test_rules_have_one_entry_per_range_under_a_stable_id() -> None:
    rules = [Rule(name="https", port=443, cidrs=("10.0.0.0/8", "192.0.2.7/32"))]
    assert list(rules_by_cidr(rules)) == ["https-10-0-0-0-8", "https-192-0-2-7-32"]


def test_text_for_terraform_holds_no_expression() -> None:
    assert escape("${HOME} 100%{x} $5") == "$${HOME} 100%%{x} $5"
