"""How an application of a local site asks for a service: at its edge, under the service's own name.

Private DNS leads there in clouds. Only root could change the names of this machine, so here clients
are told where the edge is, as `curl --connect-to` does.
"""

from __future__ import annotations

from attrs import frozen

from trunkline.addresses import loopback
from trunkline.addresses.base import Endpoint, edge_name
from trunkline.model import Service, Topology


@frozen(kw_only=True)
class ServiceRequest:
    """A request to a service.

    - `url`: as applications in clouds write it.
    - `edge`: where the edge of their site takes it.
    - `machine`: the machine with the authority of the service's certificate; None where no sample
      shows one.
    """

    url: str
    edge: Endpoint
    machine: str | None


def service_request(topology: Topology, service: Service, site: str) -> ServiceRequest:
    """How an application of `site` asks for `service`."""
    found = topology.site(site)
    ends = loopback.service_endpoints(loopback.site_cidr(found), found.zone)
    host = service.hosts[0].replace("*", "any")
    scheme = "http" if service.mode == "originate" else "https"
    shown = service.mode == "passthrough" and service.reached_by_name
    return ServiceRequest(
        url=f"{scheme}://{host}/",
        edge=ends[service.asked_port],
        machine=stand_in_name(edge_name(topology.name, service.site)) if shown else None,
    )


def stand_in_name(edge: str) -> str:
    """The machine that stands in for the services that an edge reaches."""
    return f"{edge}-services"
