"""Waiting for an edge that was replaced."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import pytest
from support.examples import ROOT, THREE

from trunkline.deploy import health
from trunkline.deploy.health import EdgeError, EdgeWaiter
from trunkline.topology import load

TOPOLOGY = load(THREE)
AWS = TOPOLOGY.site("aws")
Statuses = dict[str, list[int]]


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statuses]:
    """What the edge of each site answers, one after the other, and the last one from then on."""
    planned: Statuses = {}

    class Edge(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, site, path = self.path.split("/", 2)
            assert (path, self.headers["trunkline-edge-key"]) == ("livez", "the key")
            left = planned[site]
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(health, "origin_url", lambda _, site: f"{address}/{site}")
    monkeypatch.setattr(health, "PAUSE", 0.01)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield planned
    server.shutdown()
    server.server_close()


def waiter(seconds: float = 5) -> EdgeWaiter:
    return EdgeWaiter(TOPOLOGY, seconds, "the key")


def test_it_waits_until_the_edge_answers(statuses: Statuses) -> None:
    statuses["aws"] = [502, 530, 200]
    waiter().until_up(AWS)
    assert statuses["aws"] == [200]


def test_an_edge_that_stays_away_is_told(statuses: Statuses) -> None:
    statuses["aws"] = [502]
    with pytest.raises(EdgeError, match=r"/aws/livez has not answered for 0 s \(status 502\)"):
        waiter(0.05).until_up(AWS)


def test_zero_seconds_do_not_wait_and_ctrl_c_ends_it(statuses: Statuses) -> None:
    statuses["aws"] = [502]
    waiter(0).until_up(AWS)
    stopped = waiter()
    stopped.stop.set()
    with pytest.raises(EdgeError, match="does not answer yet"):
        stopped.until_up(AWS)


COVERED: list[Mapping[str, list[int]]] = [
    {"aws": [200], "google": [502], "azure": [502, 200]},  # as soon as one of the others is up
    {"aws": [502], "google": [502], "azure": [502]},  # it answers nobody, so nobody misses it
]


@pytest.mark.parametrize("planned", COVERED)
def test_an_edge_may_go_where_nobody_misses_it(
    statuses: Statuses, planned: Mapping[str, list[int]]
) -> None:
    statuses.update(planned)
    waiter().until_covered(AWS)


def test_an_edge_stays_while_no_other_answers(statuses: Statuses) -> None:
    statuses.update(aws=[200], google=[502], azure=[502])
    with pytest.raises(EdgeError, match="not begun: none of azure, google answers"):
        waiter(0.05).until_covered(AWS)


def test_a_change_takes_as_long_as_edges_look_for_one() -> None:
    topology = attrs.evolve(TOPOLOGY, edge=attrs.evolve(TOPOLOGY.edge, poll_seconds=30))
    waits: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return False

    EdgeWaiter(topology, 5, "the key", Stop()).until_changed(AWS)
    local = load(ROOT / "topologies" / "local.yaml")
    EdgeWaiter(local, 5, "", Stop()).until_changed(local.site("aws"))
    assert waits == [30]
