"""Services: APIs and databases that applications use from other sites, over the backbone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from typing import Literal

from attrs import Factory, field, frozen

from trunkline.model.converters import texts
from trunkline.model.private_endpoint import PrivateEndpoint

ServiceProtocol = Literal["https", "grpc", "tls", "tcp", "http"]
ServiceMode = Literal["passthrough", "originate"]

DEFAULT_SERVICE_PORT = 443
DEFAULT_SERVICE_PROTOCOL: ServiceProtocol = "https"


@frozen(kw_only=True)
class StandIn:
    """What answers in place of a service, on this machine.

    - `address`: its IPv4 address.
    - `port`: its port.
    - `authority`: the file with the authority that its certificate comes from, as Envoy finds it.
    """

    address: str
    port: int
    authority: str


@frozen(kw_only=True)
class PrivateWay:
    """Where an edge connects for a host of a service, in place of the host's own addresses.

    - `servers`: IPv4 addresses; or with `by_name` the one name that leads to them. A mark of
      `EdgeServices.marks` stands for what Terraform alone knows.
    - `by_name`: whether that is a name.
    """

    servers: tuple[str, ...] = field(converter=texts)
    by_name: bool = False


def _endpoints(values: Iterable[PrivateEndpoint]) -> tuple[PrivateEndpoint, ...]:
    return tuple(values)


@frozen(kw_only=True)
class Service:
    """A service that applications of some sites reach through the edge of another.

    - `name`: its name in the topology.
    - `site`: the site whose edge reaches it.
    - `sites`: the sites whose applications use it; not `site` itself.
    - `hosts`: the names under which applications ask for it; one may begin with `*.`, which stands
      for one label or more. With `originate` the private name, or several.
    - `port`: where it answers. With `tcp` the edges take the same port for it.
    - `protocol`: `https`, `grpc` and `tls` begin with TLS, `http` has none (with `originate`
      alone), and `tcp` is any other.
    - `mode`: `passthrough`: TLS of the application passes by the name that it asks for, unseen.
      `originate`: applications speak plain HTTP to the nearest edge on port 80, and the edge of
      `site` makes the TLS.
    - `server`: the name or IPv4 address at which the edge of `site` reaches it. Without it: the
      name that the application asks for. Needed for `tcp`, and for a private name.
    - `ca`: with `originate`, the authority that the service's certificate must come from, in PEM.
      Without it: the public ones.
    - `dns`: whether private DNS of the sites' networks leads the names to their edges.
    - `endpoints`: the private endpoints by which the edge of `site` reaches its hosts. Without
      them: it reaches their public addresses.
    - `resource`: the ID of the user's own resource to which the endpoints lead, where they do.
    - `ways`: where the edge of `site` connects for each host that it reaches by an endpoint, as its
      cloud says.
    - `stand_in`: what the edge of `site` reaches in its place, on this machine.
    """

    name: str
    site: str
    sites: tuple[str, ...] = field(converter=texts)
    hosts: tuple[str, ...] = field(converter=texts)
    port: int = DEFAULT_SERVICE_PORT
    protocol: ServiceProtocol = DEFAULT_SERVICE_PROTOCOL
    mode: ServiceMode = "passthrough"
    server: str | None = None
    ca: str | None = None
    dns: bool = True
    endpoints: tuple[PrivateEndpoint, ...] = field(default=(), converter=_endpoints)
    resource: str | None = None
    ways: Mapping[str, PrivateWay] = Factory(dict)
    stand_in: StandIn | None = None

    @property
    def reached_by_name(self) -> bool:
        """Whether its edge reaches it by a name: on this machine a sample stands in for it then."""
        try:
            IPv4Address(self.server or self.hosts[0])
        except ValueError:
            return True
        return False

    @property
    def is_one(self) -> bool:
        """Whether one server is reached for all of its names."""
        stands_in = self.stand_in is not None and self.mode == "passthrough"
        return self.server is not None or stands_in or len(self.hosts) == 1

    @property
    def servers(self) -> tuple[str, ...]:
        """The hosts that its edge asks for."""
        return (self.server,) if self.server else self.hosts

    @property
    def tls(self) -> bool:
        """Whether what speaks with it begins with TLS."""
        return self.protocol in ("https", "grpc", "tls")

    @property
    def asked_port(self) -> int:
        """The port at which applications find it at the edge of their site."""
        if self.mode == "originate":
            return 80
        return self.port if self.protocol == "tcp" else 443


@frozen(kw_only=True)
class EdgeServices:
    """What the edge of one site has to do with services.

    - `used`: those that applications of its site use.
    - `reached`: those that it reaches for others.
    - `networks`: the private IPv4 ranges from which applications of its site ask.
    - `overlay`: the range of the backbone, from which other edges ask.
    - `machine_range`: where other edges have addresses of a vendor's, from which they ask too;
      empty where there are none.
    - `peers`: the overlay's addresses of each other site's edges, by site, the first choice first.
    - `address`: the IPv4 address at which it answers. Without it: all addresses of the machine.
    - `ports`: ports that it takes in place of others, by these: on this machine the ordinary ones
      are for root alone, or taken by another site's edge.
    - `peer_ports`: those of each other site's edges, by site.
    - `marks`: the Terraform expressions of addresses, by the mark that stands for each in
      `reached`.
    """

    used: tuple[Service, ...] = ()
    reached: tuple[Service, ...] = ()
    networks: tuple[str, ...] = ()
    overlay: str = ""
    machine_range: str = ""
    peers: Mapping[str, tuple[str, ...]] = Factory(dict)
    address: str | None = None
    ports: Mapping[int, int] = Factory(dict)
    peer_ports: Mapping[str, Mapping[int, int]] = Factory(dict)
    marks: Mapping[str, str] = Factory(dict)

    @property
    def callers(self) -> tuple[str, ...]:
        """The ranges from which other edges ask."""
        return (self.overlay, self.machine_range) if self.machine_range else (self.overlay,)

    def port(self, ordinary: int) -> int:
        """Where the edge answers what edges answer at the port `ordinary`."""
        return self.ports.get(ordinary, ordinary)

    def peer_port(self, site: str, ordinary: int) -> int:
        """Where the edges of another site do."""
        return self.peer_ports.get(site, {}).get(ordinary, ordinary)


def endpoints_of(
    services: Iterable[Service],
) -> dict[tuple[str, str | None], PrivateEndpoint]:
    """The private endpoints of some services by what they lead to, and the resource; each once."""
    return {
        (endpoint.service, service.resource): endpoint
        for service in services
        for endpoint in service.endpoints
    }
