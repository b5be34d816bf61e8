"""Google Cloud: instances whose service account or tags the firewall rules name."""

from __future__ import annotations

from typing import Any

from doubles.machines.scene import Cloud
from doubles.services.cloud import Secret
from doubles.services.google import Google

from rehearsal.clouds.base import Grant, Plug, Sky, unknown
from rehearsal.firewall import ALL, Direction, Firewall, Rule
from rehearsal.world import State, World

ACCESSOR = "roles/secretmanager.secretAccessor"


class GoogleSky(Sky):
    machine_type = "google_compute_instance"
    resolver = "169.254.169.254"
    effective = frozenset(
        (
            "google_compute_instance", "google_compute_subnetwork", "google_compute_network",
            "google_compute_firewall", "google_service_account", "google_secret_manager_secret",
            "google_secret_manager_secret_version", "google_secret_manager_secret_iam_member",
            "google_compute_address",
        )
    )  # fmt: skip
    remembered = frozenset(("google_project_service",))

    def settle(self, world: World, type_name: str, planned: State) -> State:
        if type_name == "google_compute_address" and unknown(planned.get("address")):
            return {**planned, "address": world.public_address()}
        if type_name != self.machine_type:
            return planned
        return {
            **planned,
            "network_interface": [_settled(world, each) for each in planned["network_interface"]],
        }

    def plug(self, world: World, machine: State) -> Plug:
        [interface] = machine["network_interface"]
        public = next((each["nat_ip"] for each in interface["access_config"]), None)
        place = f"google {machine['zone']}"
        return Plug(_range(world, interface), interface["network_ip"], public, place)

    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        metadata = machine["metadata"]
        project = "project"
        cloud = Google(
            Secret("", ""), project=project, startup_script=metadata.get("startup-script", "")
        )
        return cloud, metadata["user-data"]

    def grant(self, world: World, machine: State) -> Grant | None:
        [account] = machine["service_account"]
        for member in world.all(
            "google_secret_manager_secret_iam_member",
            member=f"serviceAccount:{account['email']}",
            role=ACCESSOR,
        ):
            secret = world.one("google_secret_manager_secret", id=member["secret_id"])
            version = world.one("google_secret_manager_secret_version", secret=member["secret_id"])
            if secret and version:
                return Grant(secret["secret_id"], version["secret_data"])
        return None

    def firewall(self, world: World, machine: State) -> Firewall:
        [interface] = machine["network_interface"]
        rules = sorted(
            (rule for rule in world.all("google_compute_firewall") if _is_for(rule, machine)),
            key=lambda rule: (rule.get("priority") or 1000, bool(rule.get("allow"))),
        )
        made = [each for rule in rules for each in _rules(rule)]
        # The two that every network has: nothing in, everything out.
        way_out = bool(interface["access_config"])
        return Firewall(made, rest_in=False, rest_out=True, way_out=way_out)


def _settled(world: World, interface: State) -> dict[str, Any]:
    accesses = [
        {**each, "nat_ip": world.public_address()} if unknown(each.get("nat_ip")) else each
        for each in interface.get("access_config") or []
    ]
    own = interface.get("network_ip")
    private = world.private_address(_range(world, interface)) if unknown(own) else own
    return {**interface, "network_ip": private, "access_config": accesses}


def _range(world: World, interface: State) -> str:
    found = world.one("google_compute_subnetwork", id=interface["subnetwork"])
    return str(found["ip_cidr_range"]) if found else "10.0.1.0/24"


def _is_for(rule: State, machine: State) -> bool:
    accounts, tags = rule.get("target_service_accounts"), rule.get("target_tags")
    if accounts:
        return machine["service_account"][0]["email"] in accounts
    return not tags or bool({*tags} & {*(machine.get("tags") or ())})


def _rules(rule: State) -> list[Rule]:
    out = rule.get("direction") == "EGRESS"
    direction: Direction = "out" if out else "in"
    cidrs = tuple(rule["destination_ranges"] if out else rule["source_ranges"])
    passes = bool(rule.get("allow"))
    return [
        Rule(direction, cidrs, each["protocol"], _ports(port), passes)
        for each in rule.get("allow") or rule.get("deny") or []
        for port in each.get("ports") or [None]
    ]


def _ports(text: str | None) -> tuple[int, int]:
    if text is None:
        return ALL
    first, _, last = text.partition("-")
    return int(first), int(last or first)


SKY = GoogleSky()
