"""The bootstrap as a whole: its size, who may talk to it, and what it may use."""

from __future__ import annotations

from typing import Any

from trunkline.envoy import (
    Listener,
    LoopbackListener,
    TlsListener,
    bootstrap,
    dynamic_bootstrap,
    resources,
)
from trunkline.model import DEFAULT_FORWARDING, Server, Upstream

SERVICE = Upstream([Server("service.example.com", 443, True)])
ADMIN_SOCKET = "/run/edge/admin.sock"
PUBLIC = TlsListener(certificate="/c.crt", key="/c.key", client_ca="/ca.crt")


def config(
    count: int = 3,
    upstream: Upstream | None = None,
    listener: Listener | None = None,
) -> dict[str, Any]:
    prefixes = [f"/api/v{number}" for number in range(5, 5 + count)]
    made = resources(
        site="aws",
        zone="us-east-1a",
        cloud="aws",
        routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
        upstreams={None: upstream} if upstream else {},
        listener=listener or LoopbackListener(),
    )
    return bootstrap(made, site="aws", zone="us-east-1a", admin_socket=ADMIN_SOCKET)


def listener_of(bootstrap: dict[str, Any]) -> dict[str, Any]:
    (listener,) = bootstrap["static_resources"]["listeners"]
    return dict(listener)


def manager_of(bootstrap: dict[str, Any]) -> dict[str, Any]:
    (http,) = listener_of(bootstrap)["filter_chains"][0]["filters"]
    return dict(http["typed_config"])


def test_what_an_edge_serves_is_no_part_of_a_dynamic_bootstrap() -> None:
    made = dynamic_bootstrap(site="aws", zone="us-east-1a", folder="/run/x", admin_socket="/a.sock")
    [listener] = made["static_resources"]["listeners"]
    assert listener["name"] == "statistics"
    sources = {
        kind: made["dynamic_resources"][f"{kind}_config"]["path_config_source"]["path"]
        for kind in ("cds", "lds")
    }
    assert sources == {"cds": "/run/x/cds.json", "lds": "/run/x/lds.json"}


def test_admin_is_a_unix_socket_of_its_owner() -> None:
    assert config()["admin"] == {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}}


def test_sheds_load_before_memory_runs_out() -> None:
    manager = config()["overload_manager"]
    limits = {m["name"].rpartition(".")[2]: m["typed_config"] for m in manager["resource_monitors"]}
    assert limits["fixed_heap"]["max_heap_size_bytes"] == 512 * 2**20
    connections = limits["global_downstream_max_connections"]
    assert connections["max_active_downstream_connections"] == 4096
    shares = [action["triggers"][0]["threshold"]["value"] for action in manager["actions"]]
    assert shares == sorted(shares) and shares[-1] < 1
    assert manager["actions"][-1]["name"] == "envoy.overload_actions.stop_accepting_connections"


def test_ends_connections_that_reset_many_streams() -> None:
    (layer,) = config()["layered_runtime"]["layers"]
    assert layer["static_layer"] == {
        "overload.premature_reset_total_stream_count": 500,
        "overload.premature_reset_min_stream_lifetime_seconds": 1,
    }


def test_node_says_where_it_is() -> None:
    assert config()["node"]["id"] == "aws"
    assert config()["node"]["locality"] == {"zone": "us-east-1a"}


def test_a_tunnel_needs_no_port_of_the_network() -> None:
    listener = listener_of(config(listener=LoopbackListener(port=9000)))
    address = listener["address"]["socket_address"]
    assert address == {"address": "127.0.0.1", "port_value": 9000}
    assert "transport_socket" not in listener["filter_chains"][0]


def test_public_means_tls_with_a_client_certificate() -> None:
    listener = listener_of(config(listener=PUBLIC))
    address = listener["address"]["socket_address"]
    assert address == {"address": "0.0.0.0", "port_value": 443}
    context = listener["filter_chains"][0]["transport_socket"]["typed_config"]
    common = context["common_tls_context"]
    assert context["require_client_certificate"] is True
    assert common["tls_params"] == {"tls_minimum_protocol_version": "TLSv1_2"}
    assert common["validation_context"] == {"trusted_ca": {"filename": "/ca.crt"}}
    (pair,) = common["tls_certificates"]
    assert pair["certificate_chain"] == {"filename": "/c.crt"}
    assert pair["private_key"] == {"filename": "/c.key"}


def test_hardening_of_an_edge_proxy() -> None:
    assert listener_of(config())["per_connection_buffer_limit_bytes"] == 32 * 1024
    manager = manager_of(config())
    expected = {
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "preserve_external_request_id": True,
        "request_headers_timeout": "10s",
        "stream_idle_timeout": "300s",
        "server_name": "trunkline",
    }
    assert {key: manager.get(key) for key in expected} == expected
    options = manager["common_http_protocol_options"]
    assert options["headers_with_underscores_action"] == "REJECT_REQUEST"
    assert manager["http2_protocol_options"]["max_concurrent_streams"] == 100


def test_access_log_has_neither_query_nor_cookie() -> None:
    (log,) = manager_of(config())["access_log"]
    fields = log["typed_config"]["log_format"]["json_format"]
    assert fields["path"] == "%PATH(NQ:PATH)%"
    assert not [value for value in fields.values() if "COOKIE" in value or "REQ(:PATH" in value]
