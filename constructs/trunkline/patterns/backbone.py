"""A backbone: what joins edges of several sites privately, and the services that they reach so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from cdktf import TerraformStack
from constructs import Construct

from trunkline.backbone import Membership, driver_of
from trunkline.clouds.facts import facts_of, interconnect_of
from trunkline.errors import ConfigurationError
from trunkline.model import (
    DEFAULT_OVERLAY,
    Authority,
    BackboneKind,
    BackboneSettings,
    EdgeServices,
    LinkedPair,
    Node,
    Service,
    Site,
)
from trunkline.patterns.key_variable import credential_variable, node_key_variables
from trunkline.services.resolve import resolve
from trunkline.topology.arguments import check_account, check_service


class Backbone(Construct):
    """Joins edges of several sites privately; an `EdgeProxy` joins with `backbone`.

    Every stack with an edge has one, with the same arguments. It makes no resources, but for each
    node of an edge in its stack a sensitive variable that takes the private key of the node:
    `backbone_<node>_key`, and `backbone_<node>_key_previous` while it has two. They are 64
    hexadecimal digits, reach the machine by write-only arguments (Terraform 1.11) and are in no
    state. `trunkline keys` makes them for a topology; else `openssl rand -hex 32` and `wg pubkey`
    do. A kind of a vendor takes one variable for all, with an auth key, or none (`warp`).

    - `kind`: what encrypts and carries the traffic.
    - `clouds`: the cloud of each site, by site.
    - `nodes`: the nodes of each site, by site: one for each of its edges, the chosen zone's first.
    - `hosts`: the name under which the internet finds each node, by the node's name. A DNS record
      of yours leads it to the edge's address (`EdgeProxy.public_addresses`).
    - `cidr`: the private IPv4 range of the overlay, in which all addresses of nodes are, apart from
      the ranges of all sites.
    - `networks`: the IPv4 range of each site's network, by site, where whole networks are routed to
      one another.
    - `auth_key_version`: which auth key the machines have: another number has it written again.
    - `network_id`: the network that the nodes join, for a kind that has such.
    - `account_id`: the Cloudflare account, for `warp`. A connector of it is made for each node of
      an edge in its stack, which needs the Cloudflare provider, with a route to the node's address;
      `MeshProfile` belongs to it, once for the account.
    - `connectors`: begins the names of these connectors, unique in the account.
    - `authorities`: who signs the certificates of the nodes, for a kind whose keys have some.
    - `pairs`: the sites that managed links of their clouds join as well, for a kind that takes
      them, and without `networks`. The links are yours to make.
    - `private_hosts`: the name of each node's private address, by the node's name, where there are
      `pairs`. A DNS record of yours leads it to `EdgeProxy.private_addresses`.

    >>> backbone = Backbone(
    ...     stack,
    ...     "backbone",
    ...     kind="wireguard",
    ...     clouds={"aws": "aws", "google": "google"},
    ...     nodes=nodes,
    ...     hosts={"aws-1": "aws-1.example.com", "google-1": "google-1.example.com"},
    ... )
    >>> vertex_ai = PrivateService(
    ...     backbone, "vertex-ai", site="google", sites=["aws"], region="us-east4"
    ... )
    >>> edge = EdgeProxy(
    ...     stack,
    ...     "edge",
    ...     site=site,
    ...     backbone=backbone,
    ...     exposure=Tunnel(
    ...         hostname="edge.example.com", token=token.string_value, keys=[key.string_value]
    ...     ),
    ... )

    Raises ConfigurationError for sites, nodes and hosts that do not fit one another.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        kind: BackboneKind,
        clouds: Mapping[str, str],
        nodes: Mapping[str, Sequence[Node]],
        hosts: Mapping[str, str],
        cidr: str = DEFAULT_OVERLAY,
        networks: Mapping[str, str] | None = None,
        auth_key_version: int = 1,
        network_id: str = "",
        account_id: str | None = None,
        connectors: str = "edge",
        authorities: Sequence[Authority] = (),
        pairs: Sequence[LinkedPair] = (),
        private_hosts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        of_sites = {site: tuple(each) for site, each in nodes.items()}
        driver = driver_of(kind)
        _check(f"Backbone {id}", clouds, of_sites, hosts, cidr, networks, driver.makes_keys)
        if bool(network_id) != driver.has_network_id:
            wrong = "takes none" if network_id else "needs one"
            raise ConfigurationError(f"Backbone {id}: network_id: the kind {kind} {wrong}")
        if driver.has_connectors:
            check_account(f"Backbone {id}", account_id)
        self._account_id, self._connectors = account_id, connectors
        _check_pairs(f"Backbone {id}", kind, of_sites, pairs, private_hosts or {}, networks)
        self._settings = BackboneSettings(
            kind=kind,
            cidr=cidr,
            networks=bool(networks),
            auth_key_version=auth_key_version,
            network_id=network_id,
            nodes=of_sites,
            authorities=tuple(authorities),
            pairs=tuple(pairs),
        )
        self._private_hosts = dict(private_hosts or {})
        self._clouds, self._hosts, self._networks = dict(clouds), dict(hosts), dict(networks or {})
        self._services: dict[str, Service] = {}
        self._given: dict[str, dict[str, Any]] = {}
        self._memberships: dict[str, Membership] = {}

    def membership(self, site: str) -> Membership:
        """What the edges of `site` need to be nodes; it makes the variables of their keys.

        Raises ConfigurationError where the backbone has no such site.
        """
        if site not in self._clouds:
            known = ", ".join(self._clouds)
            raise ConfigurationError(
                f"Backbone {self.node.id}: there is no site {site!r}; there are {known}"
            )
        if site not in self._memberships:
            self._memberships[site] = self._membership(site)
        return self._memberships[site]

    def _membership(self, site: str) -> Membership:
        driver = driver_of(self._settings.kind)
        linked = self._settings.linked(site)
        return Membership(
            backbone=self._settings,
            site=site,
            hosts=self._hosts,
            mtus={name: driver.mtu(self._packet_bytes(site, name)) for name in self._clouds},
            keys=self._keys(self._settings.nodes[site]),
            networks=self._networks,
            private_hosts={
                node.name: self._private_hosts[node.name]
                for other in linked
                for node in self._settings.nodes[other]
            },
        )

    def _packet_bytes(self, site: str, other: str) -> int:
        """How long a packet between two sites may be, whichever path it takes."""
        clouds = self._clouds[site], self._clouds[other]
        link = interconnect_of(*clouds) if other in self._settings.linked(site) else None
        of_link = (link.packet_bytes,) if link else ()
        return min(*(facts_of(cloud).packet_bytes for cloud in clouds), *of_link)

    def _keys(self, nodes: Sequence[Node]) -> dict[str, tuple[str, ...]]:
        """What each node is given: its keys, or what the operator brings for all."""
        stack = TerraformStack.of(self)  # whose variables have the names that keys are set by
        driver = driver_of(self._settings.kind)
        if driver.has_connectors:
            return {node.name: (self._connector(node),) for node in nodes}
        if (credential := driver.credential) is None:
            return {node.name: node_key_variables(stack, node) for node in nodes}
        brought = credential_variable(stack, credential)
        return {node.name: (brought,) for node in nodes}

    def _connector(self, node: Node) -> str:
        """The token of a connector that takes the node's address to the others."""
        # Edges without one need no binding of Cloudflare.
        from trunkline.cloudflare.mesh import add_connector

        return add_connector(
            self,
            node.name,
            account_id=str(self._account_id),
            name=f"{self._connectors}-{node.name}",
            network=f"{node.address}/32",
        )

    def services(self, site: Site) -> EdgeServices:
        """What the edge of `site` has to do with the services that were added.

        Raises ConfigurationError where its network has no range that is known.
        """
        used = tuple(each for each in self._services.values() if site.name in each.sites)
        if used and not site.network.cidr:
            raise ConfigurationError(
                f"Backbone {self.node.id}: applications of {site.name} use {used[0].name}, and its "
                "network has no range here; say its range as cidr"
            )
        nodes = self._settings.nodes
        return EdgeServices(
            used=used,
            reached=tuple(each for each in self._services.values() if each.site == site.name),
            networks=(site.network.cidr,) if site.network.cidr else (),
            overlay=self._settings.cidr,
            machine_range=driver_of(self._settings.kind).machine_range,
            peers={
                name: tuple(node.address for node in others)
                for name, others in nodes.items()
                if name != site.name
            },
        )

    def _add(self, name: str, data: Mapping[str, Any], region: str | None) -> Service:
        """The service that `data` describes, as a topology has it, for edges that join next."""
        construct = f"PrivateService {name}"
        if self._memberships:
            raise ConfigurationError(
                f"{construct}: an edge has joined the backbone already: add services before edges"
            )
        given = {key: value for key, value in data.items() if value is not None}
        services = {**self._given, name: given}
        check_service(construct, name, services, self._clouds, region)
        self._given = services
        self._services[name] = resolve(name, given, region)
        return self._services[name]


class PrivateService(Construct):
    """A service that applications of some sites use from another, under its own name.

    The edges of both pass it; private DNS of the sites' networks leads its names to their edges. It
    makes nothing itself, and has to be there before the edges join the backbone, in the stacks of
    all of them. The id is its name: that of an entry of the catalogue (docs/reference/services.md),
    or with `hosts` one of your own.

    - `site`: the site whose edge reaches it.
    - `sites`: the sites whose applications use it.
    - `service`: the entry of the catalogue, where the id is another name.
    - `region`: the region of the service, where its hosts have one.
    - `values`: what the hosts of the entry leave open, by name, like that of an account.
    - `hosts`: those of the entry's hosts that are used, or those of a service of your own.
    - `port`: where it answers. Without it: the entry's, or 443.
    - `protocol`: `https`, `grpc`, `tls`, `tcp` or `http`. Without it: the entry's, or `https`.
    - `mode`: `passthrough`, where the TLS of applications passes, or `originate`, where they speak
      plain HTTP and the edge of `site` makes the TLS. Without it: the first.
    - `name`: a private name under which applications ask for it.
    - `ca`: with `originate`, the authority of its certificate, in PEM. Without it: the public ones.
    - `dns`: whether private DNS leads its names to the edges.
    - `private`: whether the edge of `site` reaches it by the private endpoint that the catalogue
      knows of it.
    - `resource`: with `private`, the ID of your own resource, where the endpoint leads to one.

    After construction:

    - `hosts`: the names under which applications ask for it.
    - `port`: the port at which they do.

    Raises ConfigurationError for what a topology file could not say either.
    """

    def __init__(
        self,
        scope: Backbone,
        id: str,
        *,
        site: str,
        sites: Sequence[str],
        service: str | None = None,
        region: str | None = None,
        values: Mapping[str, str] | None = None,
        hosts: Sequence[str] | None = None,
        port: int | None = None,
        protocol: str | None = None,
        mode: str | None = None,
        name: str | None = None,
        ca: str | None = None,
        dns: bool = True,
        private: bool = False,
        resource: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        data = {
            "from": site,
            "in": list(sites),
            "service": service,
            "values": dict(values) if values else None,
            "hosts": list(hosts) if hosts else None,
            "port": port,
            "protocol": protocol,
            "mode": mode,
            "name": name,
            "ca": ca,
            "dns": None if dns else False,
            "private": True if private else None,
            "resource": resource,
        }
        made = scope._add(id, data, region)
        self.hosts, self.port = made.hosts, made.asked_port


def _check_pairs(
    construct: str,
    kind: BackboneKind,
    nodes: Mapping[str, Sequence[Node]],
    pairs: Sequence[LinkedPair],
    private_hosts: Mapping[str, str],
    networks: Mapping[str, str] | None,
) -> None:
    """Raise ConfigurationError where the pairs do not fit the other arguments."""
    if pairs and not driver_of(kind).declaration.links:
        title = driver_of(kind).declaration.title
        raise ConfigurationError(f"{construct}: pairs: {title} takes no links between clouds")
    if pairs and networks:
        raise ConfigurationError(f"{construct}: pairs: a link carries no routed networks")
    for site in (site for pair in pairs for site in pair.sites):
        if site not in nodes:
            raise ConfigurationError(f"{construct}: pairs: there is no site {site}")
        for node in nodes[site]:
            if node.name not in private_hosts:
                message = f"private_hosts: there is none for {node.name}"
                raise ConfigurationError(f"{construct}: {message}")


def _check(
    construct: str,
    clouds: Mapping[str, str],
    nodes: Mapping[str, Sequence[Node]],
    hosts: Mapping[str, str],
    cidr: str,
    networks: Mapping[str, str] | None,
    with_keys: bool,
) -> None:
    """Raise ConfigurationError where the arguments do not fit one another."""
    if {*clouds} != {*nodes}:
        raise ConfigurationError(f"{construct}: nodes: name the sites of clouds, and no others")
    if networks and {*networks} != {*clouds}:
        raise ConfigurationError(f"{construct}: networks: name the sites of clouds, and no others")
    if local := [site for site, cloud in clouds.items() if facts_of(cloud).on_this_machine]:
        raise ConfigurationError(f"{construct}: clouds: {local[0]} is on this machine; delete it")
    known = [node for each in nodes.values() for node in each]
    overlay, taken = IPv4Network(cidr), set[str]()
    for node in known:
        if node.name not in hosts:
            raise ConfigurationError(f"{construct}: hosts: there is none for {node.name}")
        if with_keys and not node.keys:
            raise ConfigurationError(f"{construct}: nodes: {node.name} has no keys")
        if IPv4Address(node.address) not in overlay or node.address in taken:
            message = f"{node.name} needs an address of its own in {cidr}"
            raise ConfigurationError(f"{construct}: nodes: {message}")
        taken.add(node.address)
