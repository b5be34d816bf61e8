"""What an entry of the catalogue says for a region and the values of a topology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from trunkline.documents.schema import load_schema
from trunkline.errors import ConfigurationError
from trunkline.model import PrivateEndpoint
from trunkline.model.catalogue import CatalogueEntry, variables_in

SEARCH = CatalogueEntry(
    name="search",
    hosts=["{service}.{region}.example.com", "*.{service}.example.net", "api.example.com"],
    authentication=["api_key"],
    meanings={"service": "The name of the service."},
    private=[
        PrivateEndpoint(
            kind="private_link",
            service="{service}-account",
            hosts=["*.{service}.example.net"],
            zone="privatelink.{region}.example.com",
        )
    ],
)
OWN = CatalogueEntry(
    name="own",
    hosts=["{host}"],
    authentication=["none"],
    port=None,
    meanings={"host": "Its name.", "port": "Its port."},
)
PLAIN = CatalogueEntry(name="plain", hosts=["api.example.com"], authentication=["sigv4", "api_key"])


def refused(entry: CatalogueEntry, region: str | None, values: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        entry.hosts_for(region, values)
    return str(caught.value).split("\n")


def test_the_variables_of_patterns_are_named_once() -> None:
    assert variables_in("{a}.{b}", "{a}-{a_b}", "c") == ("a", "b", "a_b")


def test_hosts_are_filled_with_the_region_and_the_values() -> None:
    hosts = SEARCH.hosts_for("eastus", {"service": "books"})
    assert hosts == ("books.eastus.example.com", "*.books.example.net", "api.example.com")


def test_a_host_that_two_patterns_give_is_there_once() -> None:
    entry = attrs.evolve(SEARCH, hosts=["{service}.example.com", "books.example.com"])
    assert entry.hosts_for(None, {"service": "books"}) == ("books.example.com",)


def test_a_service_without_a_region_in_its_hosts_needs_none() -> None:
    assert (PLAIN.needs_region, SEARCH.needs_region) == (False, True)
    assert PLAIN.hosts_for(None, {}) == ("api.example.com",)


def test_everything_that_is_missing_is_named_with_its_meaning() -> None:
    assert refused(SEARCH, None, {}) == [
        "search: service is missing; give it: The name of the service.",
        "search: region is missing; give it: The region of its site.",
    ]


def test_an_unknown_variable_is_refused_with_the_known_ones() -> None:
    [first] = refused(SEARCH, "eastus", {"servise": "books"})
    assert first == "search: the variable 'servise' is unknown; it takes service"
    [first] = refused(PLAIN, None, {"region": "x"})
    assert first == "plain: the variable 'region' is unknown; it takes none"


@pytest.mark.parametrize("value", ["Books", "a_b", "", "-a", "a-", ".a", "a b", "*", "${var.a}"])
def test_a_value_that_no_host_can_have_is_refused(value: str) -> None:
    [only] = refused(SEARCH, "eastus", {"service": value})
    remedy = "use lower-case letters, digits, hyphens and dots"
    assert only == f"search: service is {value!r}, which no host can have; {remedy}"


@pytest.mark.parametrize("value", ["a..b", "a.-b", "a" * 64, ".".join(["a" * 60] * 5)])
def test_values_that_make_no_host_are_refused(value: str) -> None:
    assert f"search: {value}.eastus.example.com is not the full name of a host" in refused(
        SEARCH, "eastus", {"service": value}
    )


def test_a_value_cannot_open_a_wildcard_to_everybody_s_names() -> None:
    entry = attrs.evolve(SEARCH, hosts=["*.{service}"])
    assert refused(entry, None, {"service": "com"}) == [
        "search: *.com is not the full name of a host"
    ]


@pytest.mark.parametrize("value", ["10.1.2.3", "a.b.example.com", "adb-12.7"])
def test_a_value_may_have_dots(value: str) -> None:
    assert OWN.hosts_for(None, {"host": value, "port": "80"}) == (value,)


def test_private_endpoints_are_filled_as_well() -> None:
    [endpoint] = SEARCH.private_for("eastus", {"service": "books"})
    assert endpoint == PrivateEndpoint(
        kind="private_link",
        service="books-account",
        hosts=["*.books.example.net"],
        zone="privatelink.eastus.example.com",
    )
    with pytest.raises(ConfigurationError, match="search: region is missing"):
        SEARCH.private_for(None, {"service": "books"})
    assert PLAIN.private_for(None, {}) == ()


def test_a_private_endpoint_may_need_no_zone() -> None:
    endpoint = PrivateEndpoint(kind="interface_endpoint", service="a", hosts=["api.example.com"])
    entry = attrs.evolve(PLAIN, private=[endpoint])
    assert entry.private_for(None, {}) == (endpoint,)


def test_the_port_is_the_entry_s_or_the_user_s() -> None:
    assert PLAIN.port_for({}) == 443
    assert OWN.port_for({"port": "8000"}) == 8000


@pytest.mark.parametrize("port", ["0", "65536", "http", "", "8_0", "٣", "-1", "9" * 5000])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a port; choose from 1 to 65535"):
        OWN.port_for({"port": port})


def test_a_missing_port_is_named_with_its_meaning() -> None:
    with pytest.raises(ConfigurationError, match="own: port is missing; give it: Its port"):
        OWN.port_for({})


def test_only_sigv4_covers_the_name_of_the_host() -> None:
    schema = load_schema("catalogue")["$defs"]["entry"]["properties"]["authentication"]
    signing = [
        way
        for way in schema["items"]["enum"]
        if attrs.evolve(PLAIN, authentication=[way]).signs_host
    ]
    assert signing == ["sigv4"]
    assert PLAIN.signs_host


def test_the_variables_are_those_that_a_topology_gives() -> None:
    assert SEARCH.variables == ("service",)
    assert OWN.variables == ("host", "port")


def test_a_service_without_a_title_is_called_by_its_name() -> None:
    assert PLAIN.title == "plain"


def test_schema_and_model_have_the_same_keys_and_defaults() -> None:
    properties: dict[str, Any] = dict(load_schema("catalogue")["$defs"]["entry"]["properties"])
    properties["meanings"] = properties.pop("variables")
    fields = {each.name: each.default for each in attrs.fields(CatalogueEntry)}
    assert fields.keys() - {"name"} == properties.keys()
    for name, schema in properties.items():
        if "default" in schema:
            default = fields[name]
            assert (list(default) if isinstance(default, tuple) else default) == schema["default"]
