"""Requests to services, at a sample in place of the edges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trunkline.addresses.base import Endpoint
from trunkline.addresses.local_services import ServiceRequest
from trunkline.demo import services
from trunkline.demo.requests import RouteError
from trunkline.local import sample


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceRequest]:
    class InAzure(sample.Handler):
        where = {"site": "azure", "zone": "eastus-1"}  # noqa: RUF012

    monkeypatch.setattr(sample, "PAUSE", 0.01)
    with sample.SampleServer(("127.0.0.1", 0), InAzure) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        edge = Endpoint("127.0.0.1", server.server_address[1])
        yield ServiceRequest(url="http://claude.internal/", edge=edge, machine=None)
        server.shutdown()
        thread.join()


def test_it_says_where_the_service_stands_and_how_long_it_took(
    asked: ServiceRequest, tmp_path: Path
) -> None:
    services.await_answer(asked, tmp_path, 5)
    response = services.ask(asked, tmp_path)
    assert response.served_by == "azure/eastus-1"
    assert response.warm_ms > 0 and response.first_ms > 0
    assert str(response).startswith("azure/eastus-1 answers in ")


def test_events_are_counted_as_they_come(asked: ServiceRequest, tmp_path: Path) -> None:
    events = services.ask_for_events(asked, tmp_path)
    assert events.count == sample.EVENTS
    assert events.first_ms < events.last_ms
    assert str(events).startswith("3 events, the first after ")


def test_what_does_not_answer_is_named_with_its_edge(tmp_path: Path) -> None:
    request = ServiceRequest(
        url="http://claude.internal/", edge=Endpoint("127.0.0.1", 9), machine=None
    )
    for ask in (services.ask, services.ask_for_events):
        with pytest.raises(RouteError, match=r"claude\.internal/ does not answer at 127"):
            ask(request, tmp_path)
    with pytest.raises(RouteError):
        services.await_answer(request, tmp_path, 0)
