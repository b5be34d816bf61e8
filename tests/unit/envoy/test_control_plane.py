"""The bootstrap of an edge that takes what it serves from an xDS server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from trunkline.envoy import CONTROL_PLANE_CREDENTIAL, CONTROL_PLANE_PAIR, xds_bootstrap
from trunkline.model import Server, Upstream

SERVER = Upstream([Server("xds.example.com", 15012, True)], protocol="http2")


def made(server: Upstream = SERVER, **metadata: str) -> dict[str, Any]:
    return xds_bootstrap(
        server, site="aws", zone="us-east-1a", admin_socket="/a.sock", metadata=metadata
    )


def test_the_node_tells_its_metadata_and_cannot_take_another_site() -> None:
    node = made(team="blue", site="google")["node"]
    assert node["metadata"] == {"team": "blue", "site": "aws", "zone": "us-east-1a"}
    assert node["locality"] == {"zone": "us-east-1a"}


def test_all_resources_come_over_the_stream_to_the_server() -> None:
    config = made()
    dynamic = config["dynamic_resources"]
    assert [dynamic[kind]["ads"] for kind in ("cds_config", "lds_config")] == [{}, {}]
    [service] = dynamic["ads_config"]["grpc_services"]
    names = [cluster["name"] for cluster in config["static_resources"]["clusters"]]
    assert service["envoy_grpc"]["cluster_name"] in names


def test_what_it_shows_the_server_is_in_files_and_not_in_the_bootstrap() -> None:
    config = xds_bootstrap(
        evolve(SERVER, ca="pem"),
        site="aws",
        zone="us-east-1a",
        admin_socket="/a.sock",
        header="authorization",
        certificate=True,
        folder="/run/x",
    )
    text = json.dumps(config["static_resources"]["clusters"])
    assert f'"path": "/run/x/{CONTROL_PLANE_PAIR}.json"' in text
    assert f'"path": "/run/x/{CONTROL_PLANE_CREDENTIAL}.json"' in text
    assert '"header": "authorization"' in text
    assert ".json" not in json.dumps(made())


def test_a_server_without_http2_is_refused() -> None:
    with pytest.raises(ValueError, match="http2"):
        made(Upstream.from_url("https://xds.example.com"))
