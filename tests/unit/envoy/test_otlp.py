"""What an edge sends to a collector."""

from __future__ import annotations

from typing import Any

from trunkline.envoy import Collector, LoopbackListener, bootstrap, dynamic_bootstrap, resources
from trunkline.envoy.access_log import FIELDS
from trunkline.model import DEFAULT_FORWARDING, Otlp

COLLECTOR = Collector(
    upstream=Otlp(endpoint="https://otel.example.com:4317").upstream,
    attributes={"trunkline.site": "aws"},
    seconds=30,
)
WHERE: dict[str, Any] = {"site": "aws", "zone": "us-east-1a"}


def configuration(collector: Collector | None) -> dict[str, Any]:
    made = resources(
        **WHERE,
        cloud="aws",
        routes={"/": DEFAULT_FORWARDING},
        upstreams={},
        listener=LoopbackListener(),
        collector=collector,
    )
    return bootstrap(made, **WHERE, admin_socket="/a.sock", collector=collector)


def logs(config: dict[str, Any]) -> list[Any]:
    [listener] = config["static_resources"]["listeners"]
    found: list[Any] = listener["filter_chains"][0]["filters"][0]["typed_config"]["access_log"]
    return found


def test_without_a_collector_nothing_is_sent() -> None:
    config = configuration(None)
    assert "stats_sinks" not in config and "stats_flush_interval" not in config
    assert len(logs(config)) == 1
    assert config["static_resources"]["clusters"] == []


def test_the_log_of_the_collector_has_the_fields_of_the_machine_s() -> None:
    stdout, sent = logs(configuration(COLLECTOR))
    attributes = sent["typed_config"]["attributes"]["values"]
    assert {each["key"] for each in attributes} == set(FIELDS)
    assert {*FIELDS, "time", "site"} == set(stdout["typed_config"]["log_format"]["json_format"])
    assert stdout["filter"] == sent["filter"]


def test_its_calls_carry_the_collector_s_name_and_no_address_of_the_machine() -> None:
    _, sent = logs(configuration(COLLECTOR))
    service = sent["typed_config"]["grpc_service"]["envoy_grpc"]
    assert service["authority"] == "otel.example.com:4317"
    assert service["skip_envoy_headers"] is True


def test_the_statistics_and_the_cluster_stand_in_both_bootstraps() -> None:
    dynamic = dynamic_bootstrap(**WHERE, folder="/f", admin_socket="/a.sock", collector=COLLECTOR)
    for config in (configuration(COLLECTOR), dynamic):
        assert config["stats_flush_interval"] == "30s"
        assert len(config["stats_sinks"]) == 1
        assert "otlp" in [each["name"] for each in config["static_resources"]["clusters"]]


def test_what_a_collector_does_not_take_is_bounded() -> None:
    cluster = COLLECTOR.cluster()
    [limits] = cluster["circuit_breakers"]["thresholds"]
    assert limits["max_requests"] == limits["max_pending_requests"] == 16
    assert cluster["wait_for_warm_on_init"] is False
