"""The physical zone of a machine, from its cloud's metadata service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import evolve
from support.agents import fleet

from trunkline.clouds.aws.facts import METADATA as AWS
from trunkline.clouds.azure.facts import METADATA as AZURE
from trunkline.probing import agent
from trunkline.probing.metadata import PhysicalZoneQuery


class Aws(BaseHTTPRequestHandler):
    """IMDSv2: a token first, which every other request must carry."""

    token = "secret-token"

    def do_PUT(self) -> None:
        fits = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self.reply(200 if fits and self.path == "/latest/api/token" else 400, self.token)

    def do_GET(self) -> None:
        known = self.headers["X-aws-ec2-metadata-token"] == self.token
        path = "/latest/meta-data/placement/availability-zone-id"
        self.reply(401 if not known else 200 if self.path == path else 404, "use1-az4\n")

    def reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Azure(Aws):
    """The instance metadata service: needs its header, and an API version that has the field.

    It spells regions differently: "uscentral-AZ01" was seen in centralus.
    """

    fields: ClassVar = {"physicalZone": "uscentral-AZ01", "location": "centralus"}

    def do_GET(self) -> None:
        prefix, _, rest = self.path.partition("/compute/")
        field, _, query = rest.partition("?")
        fits = prefix == "/metadata/instance" and query == "api-version=2023-11-15&format=text"
        fits = fits and self.headers["Metadata"] == "true" and field in self.fields
        self.reply(200 if fits else 400, self.fields.get(field, ""))


class AzureWithoutZone(Azure):
    """The response for a machine without a zone."""

    fields: ClassVar = {"physicalZone": "", "location": "westus"}


class NotReady(Aws):
    def do_PUT(self) -> None:
        self.reply(503, "")

    do_GET = do_PUT  # noqa: N815


@contextmanager
def service(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def at(address: str, query: PhysicalZoneQuery) -> dict[str, Any]:
    """The query of a cloud, to a service at another address."""
    return evolve(query, address=address).to_config()


@pytest.mark.parametrize(
    ("query", "kind", "zone"), [(AWS, Aws, "use1-az4"), (AZURE, Azure, "centralus-az1")]
)
def test_the_agent_sends_the_requests_of_its_configuration(
    tmp_path: Path, query: PhysicalZoneQuery, kind: type[BaseHTTPRequestHandler], zone: str
) -> None:
    with service(kind) as server, fleet(tmp_path, 1, sweeps=1) as agents:
        agents.start(metadata=at(server, query))
        found = agents.when("a/z0", lambda results: results["physical_zone"] is not None)
        assert found["physical_zone"] == zone


@pytest.mark.parametrize(
    ("query", "kind", "zone"), [(AWS, Aws, "use1-az4"), (AZURE, Azure, "centralus-az1")]
)
def test_the_physical_zone_is_in_the_spelling_of_measurement_files(
    query: PhysicalZoneQuery, kind: type[BaseHTTPRequestHandler], zone: str
) -> None:
    with service(kind) as server:
        assert agent.find_physical_zone(at(server, query)) == zone


def test_a_configured_physical_zone_is_not_queried(tmp_path: Path) -> None:
    with service(Aws) as server, fleet(tmp_path, 1, sweeps=1) as agents:
        agents.start(metadata=at(server, AWS), physical_zone="use1-az6")
        agents.sweeps("a/z0")
        assert agents.results("a/z0")["physical_zone"] == "use1-az6"


def test_a_cloud_without_a_query_has_no_physical_zone(tmp_path: Path) -> None:
    with fleet(tmp_path, 1, sweeps=1) as agents:
        agents.start(cloud="google")
        agents.sweeps("a/z0")
        assert agents.results("a/z0")["physical_zone"] is None


def test_a_service_that_is_not_ready_does_not_stop_the_agent(tmp_path: Path) -> None:
    with service(NotReady) as address, fleet(tmp_path, 1, sweeps=1) as agents:
        agents.start(metadata=at(address, AWS))
        assert agents.sweeps("a/z0") == {}
        with pytest.raises(ValueError, match="503"):
            agent.find_physical_zone(at(address, AWS))


def test_a_machine_in_no_zone_has_no_physical_one() -> None:
    with service(AzureWithoutZone) as address, pytest.raises(ValueError, match="answered ''"):
        agent.find_physical_zone(at(address, AZURE))
