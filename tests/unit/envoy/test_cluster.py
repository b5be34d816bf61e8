"""An upstream becomes an Envoy cluster."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.envoy.cluster import SYSTEM_CA, cluster
from trunkline.model import Server, Upstream


def made(upstream: Upstream) -> dict[str, Any]:
    return cluster("upstream", upstream, 100)


def endpoint(url: str) -> dict[str, Any]:
    config = made(Upstream.from_url(url))
    return dict(config["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"])


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://10.0.1.20:8080", "STATIC"),
        ("https://[fd00::20]", "STATIC"),
        ("http://service.internal", "STRICT_DNS"),
    ],
)
def test_addresses_are_static_and_names_are_resolved(url: str, kind: str) -> None:
    assert made(Upstream.from_url(url))["type"] == kind


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://10.0.1.20:8080", "10.0.1.20:8080"),
        ("http://[fd00::20]:8080", "[fd00::20]:8080"),
        ("https://[fd00::20]", "[fd00::20]"),
        ("http://service.internal", "service.internal"),
        ("https://service.internal:443", "service.internal"),
        ("https://service.internal:80", "service.internal:80"),
    ],
)
def test_host_header_is_the_services_own(url: str, host: str) -> None:
    assert endpoint(url)["hostname"] == host


def test_a_name_with_both_kinds_of_address_means_ipv4() -> None:
    config = made(Upstream([Server("a.example.com", 80, False)]))
    assert config["dns_lookup_family"] == "V4_PREFERRED"


def test_socket_address_has_no_brackets() -> None:
    address = endpoint("http://[fd00::20]:8080")["address"]["socket_address"]
    assert address == {"address": "fd00::20", "port_value": 8080}


def test_plain_http_has_no_transport_socket() -> None:
    assert "transport_socket" not in cluster(
        "upstream", Upstream([Server("a.example.com", 80, False)]), 100
    )


@pytest.mark.parametrize(
    ("host", "sni", "san"),
    [
        ("a.example.com", "a.example.com", "DNS"),
        ("10.0.1.20", None, "IP_ADDRESS"),
        ("fd00::20", None, "IP_ADDRESS"),
    ],
)
def test_tls_checks_authority_and_name(host: str, sni: str | None, san: str) -> None:
    tls = made(Upstream([Server(host, 443, True)]))["transport_socket"]["typed_config"]
    context = tls["common_tls_context"]["validation_context"]
    assert tls.get("sni") == sni
    assert context["trusted_ca"] == {"filename": SYSTEM_CA}
    expected = [{"san_type": san, "matcher": {"exact": host}}]
    assert context["match_typed_subject_alt_names"] == expected


def test_bounds_what_a_slow_service_can_hold() -> None:
    config = made(Upstream([Server("10.0.1.20", 80, False)]))
    (thresholds,) = config["circuit_breakers"]["thresholds"]
    assert set(thresholds.values()) == {100}
    assert config["connect_timeout"] == "2s"
    assert config["per_connection_buffer_limit_bytes"] == 32 * 1024


def test_an_endpoint_is_put_aside_only_while_it_takes_no_connections() -> None:
    config = made(Upstream([Server("10.0.1.20", 80, False)]))
    assert "outlier_detection" not in config
    [check] = config["health_checks"]
    assert check["tcp_health_check"] == {}
    # By default Envoy looks once a minute at what nobody uses.
    assert check["no_traffic_interval"] == check["interval"]
    assert config["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}
