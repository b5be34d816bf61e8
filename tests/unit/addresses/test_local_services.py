"""How applications of local sites ask for services."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.examples import ROOT

from trunkline.addresses import loopback
from trunkline.addresses.base import Endpoint
from trunkline.addresses.local_services import service_request
from trunkline.model import Topology
from trunkline.topology import load


@pytest.fixture
def topology() -> Topology:
    return load(Path(ROOT / "topologies" / "local.yaml"))


def test_they_ask_the_edge_of_their_own_site_under_the_services_own_name(
    topology: Topology,
) -> None:
    vertex, claude = topology.services
    asked = service_request(topology, vertex, "aws")
    assert asked.url == "https://us-east4-aiplatform.googleapis.com/"
    assert str(asked.edge) == "127.10.0.1:10443"
    assert asked.machine == "local-edge-google-services"
    asked = service_request(topology, claude, "aws")
    assert (asked.url, str(asked.edge)) == ("http://claude.internal/", "127.10.0.1:10080")
    assert asked.machine is None


def test_on_one_address_every_port_of_every_site_is_another(
    topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loopback, "ONE_ADDRESS", True)
    places: list[Endpoint] = []
    for site in topology.sites:
        cidr = loopback.site_cidr(site)
        places += loopback.service_endpoints(cidr, site.zone).values()
        places += [loopback.stand_in_endpoint(cidr, site.zone, tls=tls) for tls in (True, False)]
        probe = loopback.probe_endpoint(cidr, site.zone, 1)
        places += [loopback.edge_endpoint(cidr, site.zone), probe]
        places += [loopback.sample_endpoint(cidr, site.zone)]
    ports = {at.port for at in places} | {at.port + 1 for at in places if at == probe}
    assert len(ports) == len(places) + 1
    assert {at.host for at in places} == {"127.0.0.1"}
