"""The mistakes in the meaning of an entry."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.documents.findings import show_path
from trunkline.services.check import check_entry

GOOD: dict[str, Any] = {
    "hosts": ["{service}.{region}.example.com", "api.example.com"],
    "variables": {"service": "Its name."},
    "authentication": ["api_key"],
    "private": [
        {"kind": "private_link", "service": "{service}", "zone": "privatelink.example.com"},
        {"kind": "private_link", "service": "account", "hosts": ["api.example.com"]},
    ],
}


def found(**changes: Any) -> list[str]:
    problems = check_entry({**GOOD, **changes}, ("services", "own"))
    return [f"{show_path(each.path)}: {each.message}; {each.remedy}" for each in problems]


def test_a_good_entry_has_no_mistake() -> None:
    assert found() == []
    assert found(port=443) == []


def test_a_variable_that_is_not_described_is_named_where_it_stands() -> None:
    assert found(hosts=["{service}.{place}.example.com", "api.example.com"]) == [
        "services.own.hosts[0]: the variable {place} is not described; "
        "say under variables what it stands for"
    ]


def test_a_misspelled_variable_names_the_one_that_was_meant() -> None:
    assert found(hosts=["{service}.{regoin}.example.com", "api.example.com"]) == [
        "services.own.hosts[0]: the variable {regoin} is not described; did you mean {region}?"
    ]


@pytest.mark.parametrize("host", ["*.com", "localhost"])
def test_a_host_of_one_label_is_refused(host: str) -> None:
    hosts = [*GOOD["hosts"], host]
    assert found(hosts=hosts) == [
        f'services.own.hosts[2]: "{host}" has one label; '
        "write it in full, like api.example.com or *.example.com"
    ]


@pytest.mark.parametrize("key", ["service", "zone"])
def test_a_private_endpoint_uses_the_variables_of_the_hosts(key: str) -> None:
    private = [{"kind": "private_link", "service": "account", key: "{place}"}]
    assert found(private=private) == [
        f"services.own.private[0].{key}: the variable {{place}} is not described; "
        "say under variables what it stands for"
    ]


def test_a_variable_that_no_host_has_is_named() -> None:
    assert found(variables={"service": "Its name.", "place": "Where."}) == [
        "services.own.variables.place: no host has the variable {place}; "
        "delete it, or correct a host"
    ]


def test_the_region_is_not_the_topology_s_to_give() -> None:
    assert found(variables={"service": "Its name.", "region": "Where."}) == [
        "services.own.variables.region: the region comes from the site; delete it"
    ]


def test_a_port_that_the_user_chooses_must_be_described() -> None:
    described = {"service": "Its name.", "port": "Its port."}
    assert found(port=None, variables=described) == []
    assert found(port=None) == [
        "services.own.port: the user chooses the port, and nothing says so; "
        "say under variables what port stands for"
    ]


@pytest.mark.parametrize("changes", [{}, {"port": 443}])
def test_a_port_that_stands_in_the_entry_is_not_the_user_s(changes: dict[str, Any]) -> None:
    assert found(variables={"service": "Its name.", "port": "Its port."}, **changes) == [
        "services.own.variables.port: the port stands in the entry already; "
        "delete it, or write port: null"
    ]


def test_a_private_endpoint_answers_for_hosts_of_the_service_only() -> None:
    private = [
        {"kind": "private_link", "service": "a", "hosts": ["api.example.com", "aip.example.com"]},
        {"kind": "private_link", "service": "a", "hosts": ["nothing.like.it"]},
    ]
    assert found(private=private) == [
        'services.own.private[0].hosts[1]: the service has no host "aip.example.com"; '
        "did you mean api.example.com?",
        'services.own.private[1].hosts[0]: the service has no host "nothing.like.it"; '
        "write one of the entry's hosts",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": None, "variables": None},
        {"hosts": [None], "variables": None, "private": None},
        {"private": [None, {"kind": None, "service": None, "zone": None, "hosts": None}]},
        {"private": [{"kind": "private_link", "service": "a", "hosts": [None]}]},
    ],
)
def test_values_that_the_schema_refused_are_passed_over(changes: dict[str, Any]) -> None:
    without = {"variables": None, "hosts": ["api.example.com"]}
    private = [{"kind": "private_link", "service": "a", "hosts": ["api.example.com"]}]
    assert found(**{**without, "private": private, **changes}) == []
