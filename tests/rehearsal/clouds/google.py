"""Google Cloud: instances whose service account or tags the firewall rules name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from doubles.machines.scene import Cloud
from doubles.services.cloud import Secrets
from doubles.services.google import Google

from rehearsal.clouds.base import RANGE, Plug, Sky, found, unknown
from rehearsal.firewall import ALL, Direction, Firewall, Rule
from rehearsal.private_names import Addresses, PrivateZone, meets
from rehearsal.world import State, World
from trunkline.addresses.subnets import subnet_cidr
from trunkline.model import ExistingNetwork, Site

VERSION = "google_secret_manager_secret_version"
ZONE, RECORD = "google_dns_managed_zone", "google_dns_record_set"
ACCESSOR = "roles/secretmanager.secretAccessor"


class GoogleSky(Sky):
    machine_type = "google_compute_instance"
    resolver = "169.254.169.254"
    private_services = tuple(f"199.36.153.{number}" for number in range(8, 12))
    effective = frozenset(
        (
            "google_compute_instance", "google_compute_subnetwork", "google_compute_network",
            "google_compute_firewall", "google_service_account", "google_secret_manager_secret",
            VERSION, "google_secret_manager_secret_iam_member",
            "google_compute_address", "google_compute_route", ZONE, RECORD,
        )
    )  # fmt: skip
    remembered = frozenset(("google_project_service",))

    def settle(self, world: World, type_name: str, planned: State) -> State:
        if type_name == "google_compute_address" and unknown(planned.get("address")):
            return {**planned, "address": world.public_address()}
        if type_name == "google_compute_firewall":
            # What a rule does not say of its own end is any address.
            ends = planned.get("destination_ranges")
            return {**planned, "destination_ranges": []} if unknown(ends) else planned
        if type_name != self.machine_type:
            return planned
        return {
            **planned,
            "network_interface": [_settled(world, each) for each in planned["network_interface"]],
        }

    def network(self, site: Site, network: ExistingNetwork) -> Iterator[tuple[str, State]]:
        project = f"projects/{site.account}"
        vpc = network.id or f"{project}/global/networks/{network.name}"
        yield "google_compute_network", {"id": vpc, "name": network.name}
        for name in {network.subnet_of(zone) for zone in site.zones}:
            link = name if network.id else f"{project}/regions/{site.region}/subnetworks/{name}"
            cidr = subnet_cidr(network.cidr or RANGE, 0)
            where = {"name": name, "region": site.region, "network": vpc}
            subnet = {"id": link, "self_link": link, "ip_cidr_range": cidr, **where}
            yield "google_compute_subnetwork", subnet

    def answer(self, world: World, type_name: str, config: State) -> State | None:
        if type_name != "google_compute_subnetwork":
            return None
        wanted = {each: config[each] for each in ("name", "region")}
        # A guess: the provider's words have the project too.
        words = f"Subnetwork Not Found : {config['name']} in {config['region']}"
        return found(world.one(type_name, **wanted), words)

    def plug(self, world: World, machine: State) -> Plug:
        [interface] = machine["network_interface"]
        public = next((each["nat_ip"] for each in interface["access_config"]), None)
        place = f"google {machine['zone']}"
        subnet = _subnet(world, interface)
        cidr, private = subnet["ip_cidr_range"], interface["network_ip"]
        return Plug(subnet["network"], cidr, private, public, place)

    def restarted(self, world: World, machine: State) -> State:
        [interface] = machine["network_interface"]
        accesses = [
            each
            if world.one("google_compute_address", address=each["nat_ip"])
            else {**each, "nat_ip": world.public_address()}
            for each in interface["access_config"]
        ]
        return {**machine, "network_interface": [{**interface, "access_config": accesses}]}

    def taken(self, world: World, planned: State) -> str | None:
        wanted = {each: planned[each] for each in ("name", "zone")}
        if world.one(self.machine_type, **wanted) is None:
            return None
        path = f"zones/{planned['zone']}/instances/{planned['name']}"
        return f"googleapi: Error 409: The resource '{path}' already exists, alreadyExists"

    def private_zones(self, world: World) -> list[PrivateZone]:
        return [
            PrivateZone(
                zone["id"],
                zone["dns_name"].rstrip("."),
                _seeing(zone),
                _records(world, zone["name"]),
            )
            for zone in world.all(ZONE, visibility="private")
        ]

    def zone_refused(
        self, world: World, type_name: str, prior: State | None, planned: State | None
    ) -> str | None:
        if type_name != ZONE:
            return None
        if planned is None and prior and _records(world, prior["name"]):
            words = f"The resource named '{prior['name']}' cannot be deleted: it is not empty"
            return f"googleapi: Error 400: {words}, containerNotEmpty"
        if planned is None or prior is not None:
            return None
        name = planned["dns_name"].rstrip(".")
        if not meets(self.private_zones(world), name, _seeing(planned)):
            return None
        # A guess at the words; that it is refused is documented.
        words = f"a network of '{planned['name']}' has a zone with the same name '{name}.' already"
        return f"googleapi: Error 400: {words}, invalid"

    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        metadata = machine["metadata"]
        project = "project"
        cloud = Google(
            Secrets(), project=project, startup_script=metadata.get("startup-script", "")
        )
        return cloud, metadata["user-data"]

    def granted(self, world: World, machine: State) -> Mapping[str, str]:
        [account] = machine["service_account"]
        found: dict[str, str] = {}
        for member in world.all(
            "google_secret_manager_secret_iam_member",
            member=f"serviceAccount:{account['email']}",
            role=ACCESSOR,
        ):
            secret = world.one("google_secret_manager_secret", id=member["secret_id"])
            versions = world.all(VERSION, secret=member["secret_id"])
            if secret and versions:
                newest = world.secret(VERSION, versions[-1], "secret_data")
                found[secret["secret_id"]] = newest
        return found

    def routes(
        self, world: World, network: str, cidr: str, runs: Callable[[str], bool]
    ) -> Mapping[str, str]:
        """A machine that does not run is passed over, and of the others the first is taken."""
        found: dict[str, str] = {}
        routes = world.all("google_compute_route", network=network)
        for route in sorted(routes, key=lambda each: each["priority"]):
            machine = world.one(self.machine_type, id=route["next_hop_instance"])
            hop = machine["network_interface"][0]["network_ip"] if machine else ""
            if hop and runs(hop):
                found.setdefault(route["dest_range"], hop)
        return found

    def firewall(self, world: World, machine: State) -> Firewall:
        [interface] = machine["network_interface"]
        network = _subnet(world, interface)["network"]
        rules = sorted(
            (
                rule
                for rule in world.all("google_compute_firewall", network=network)
                if _is_for(rule, machine)
            ),
            key=lambda rule: (rule.get("priority") or 1000, bool(rule.get("allow"))),
        )
        made = [each for rule in rules for each in _rules(rule)]
        # The two that every network has: nothing in, everything out.
        way_out = bool(interface["access_config"])
        forwards = bool(machine.get("can_ip_forward"))
        return Firewall(made, rest_in=False, rest_out=True, way_out=way_out, forwards=forwards)


def _seeing(zone: State) -> frozenset[str]:
    """The networks that see a private zone."""
    return frozenset(
        network["network_url"]
        for config in zone.get("private_visibility_config") or ()
        for network in config["networks"]
    )


def _records(world: World, zone: str) -> dict[str, Addresses]:
    found = world.all(RECORD, managed_zone=zone)
    return {each["name"].rstrip("."): tuple(each["rrdatas"]) for each in found}


def _settled(world: World, interface: State) -> dict[str, Any]:
    accesses = [
        {**each, "nat_ip": world.public_address()} if unknown(each.get("nat_ip")) else each
        for each in interface.get("access_config") or []
    ]
    own = interface.get("network_ip")
    private = world.private_address(_range(world, interface)) if unknown(own) else own
    return {**interface, "network_ip": private, "access_config": accesses}


def _subnet(world: World, interface: State) -> State:
    subnet = interface["subnetwork"]
    words = f"googleapi: Error 404: The resource '{subnet}' was not found, notFound"
    return found(world.one("google_compute_subnetwork", id=subnet), words)


def _range(world: World, interface: State) -> str:
    return str(_subnet(world, interface)["ip_cidr_range"])


def _is_for(rule: State, machine: State) -> bool:
    accounts, tags = rule.get("target_service_accounts"), rule.get("target_tags")
    if accounts:
        return machine["service_account"][0]["email"] in accounts
    return not tags or bool({*tags} & {*(machine.get("tags") or ())})


def _rules(rule: State) -> list[Rule]:
    out = rule.get("direction") == "EGRESS"
    direction: Direction = "out" if out else "in"
    cidrs = tuple(rule["destination_ranges"] if out else rule["source_ranges"])
    near = tuple(rule.get("source_ranges" if out else "destination_ranges") or ())
    passes = bool(rule.get("allow"))
    return [
        Rule(direction, cidrs, each["protocol"], _ports(port), passes, near)
        for each in rule.get("allow") or rule.get("deny") or []
        for port in each.get("ports") or [None]
    ]


def _ports(text: str | None) -> tuple[int, int]:
    if text is None:
        return ALL
    first, _, last = text.partition("-")
    return int(first), int(last or first)


SKY = GoogleSky()
