"""AWS: instances behind security groups, in subnets whose routes lead out or do not."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping

from doubles.machines.scene import Cloud
from doubles.providers.effects import RefusedError
from doubles.services.aws import Aws
from doubles.services.cloud import Secrets

from rehearsal.clouds.base import RANGE, Plug, Sky, found, unknown
from rehearsal.firewall import ALL, Firewall, Rule
from rehearsal.private_names import Addresses, PrivateZone, meets
from rehearsal.world import State, World
from trunkline.addresses.subnets import subnet_cidr
from trunkline.model import ExistingNetwork, Site

ADDRESS = "aws_eip"
ZONE, RECORD = "aws_route53_zone", "aws_route53_record"
PARAMETER = "aws_ssm_parameter"
ROUTE, JOINED = "aws_route", "aws_route_table_association"
INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"


class AwsSky(Sky):
    machine_type = "aws_instance"
    resolver = "169.254.169.253"
    effective = frozenset(
        (
            "aws_instance", "aws_subnet", ROUTE, JOINED, INGRESS,
            EGRESS, "aws_iam_instance_profile", "aws_iam_role_policy", PARAMETER,
            "aws_iam_role", "aws_security_group", "aws_route_table", "aws_internet_gateway",
            "aws_vpc", ADDRESS, ZONE, RECORD,
        )
    )  # fmt: skip
    remembered = frozenset(("aws_default_security_group",))

    def settle(self, world: World, type_name: str, planned: State) -> State:
        if type_name == "aws_iam_role" and unknown(planned.get("id")):
            return {**planned, "id": planned["name"]}  # as the real provider does
        if type_name == ADDRESS and unknown(planned.get("public_ip")):
            return {**planned, "public_ip": world.public_address()}
        if type_name != self.machine_type or not unknown(planned.get("private_ip")):
            return planned
        public = world.public_address() if planned.get("associate_public_ip_address") else ""
        private = world.private_address(_subnet(world, planned)["cidr_block"])
        return {**planned, "private_ip": private, "public_ip": public}

    def network(self, site: Site, network: ExistingNetwork) -> Iterator[tuple[str, State]]:
        vpc = network.id or f"vpc-{network.name}"
        table = next(iter(network.route_tables.values()), f"rtb-{vpc}")
        yield "aws_vpc", {"id": vpc, "tags": {"Name": network.name}}
        to_internet = {"destination_cidr_block": "0.0.0.0/0", "gateway_id": f"igw-{vpc}"}
        yield ROUTE, {"id": f"r-{table}", "route_table_id": table, **to_internet}
        for zone in site.zones:
            subnet = network.subnet_of(zone) or f"subnet-{vpc}-{zone}"
            cidr = subnet_cidr(network.cidr or RANGE, ord(zone[-1]) - ord("a"))
            where = {"vpc_id": vpc, "availability_zone": zone}
            yield "aws_subnet", {"id": subnet, "cidr_block": cidr, **where}
            joined = {"subnet_id": subnet, "route_table_id": table}
            yield JOINED, {"id": f"rtbassoc-{subnet}", **joined}

    def answer(self, world: World, type_name: str, config: State) -> State | None:
        if type_name == "aws_vpc":
            return _only("EC2 VPC", world.all(type_name, tags=config["tags"]))
        if type_name == "aws_subnet":
            wanted = {each: config[each] for each in ("vpc_id", "availability_zone")}
            return _only("EC2 Subnet", world.all(type_name, **wanted))
        return None

    def plug(self, world: World, machine: State) -> Plug:
        subnet = _subnet(world, machine)
        place = f"aws {subnet['availability_zone']}"
        own = world.one(ADDRESS, instance=machine.get("id"))
        public = own["public_ip"] if own else machine["public_ip"] or None
        return Plug(subnet["vpc_id"], subnet["cidr_block"], machine["private_ip"], public, place)

    def restarted(self, world: World, machine: State) -> State:
        owned = world.one(ADDRESS, instance=machine["id"])
        if owned or not machine["public_ip"]:
            return machine
        return {**machine, "public_ip": world.public_address()}

    def private_zones(self, world: World) -> list[PrivateZone]:
        return [
            PrivateZone(zone["id"], zone["name"], _vpcs(zone), _records(world, zone["zone_id"]))
            for zone in world.all(ZONE)
        ]

    def zone_refused(
        self, world: World, type_name: str, prior: State | None, planned: State | None
    ) -> str | None:
        if type_name != ZONE:
            return None
        if planned is None and prior and _records(world, prior["zone_id"]):
            return "HostedZoneNotEmpty: The specified hosted zone contains non-required records"
        if planned is None or prior is not None:
            return None
        if not meets(self.private_zones(world), planned["name"], _vpcs(planned)):
            return None
        return (
            f"ConflictingDomainExists: The VPC {', '.join(_vpcs(planned))} has already been "
            f"associated with the hosted zone with the same domain name."
        )

    def route_refused(self, world: World, type_name: str, planned: State) -> str | None:
        if type_name == ROUTE:
            names = ("route_table_id", "destination_cidr_block")
            table, to = (planned.get(name) for name in names)
            if world.all(ROUTE, route_table_id=table, destination_cidr_block=to):
                return (
                    f"api error RouteAlreadyExists: Route in Route Table ({table}) with "
                    f"destination ({to}) already exists"
                )
        if type_name == JOINED and world.all(JOINED, subnet_id=planned.get("subnet_id")):
            return (
                "api error Resource.AlreadyAssociated: the specified association for route table "
                f"{planned['route_table_id']} conflicts with an existing association"
            )
        return None

    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        packed = base64.b64decode(machine["user_data_base64"])
        zone = str(_subnet(world, machine)["availability_zone"])
        cloud = Aws(Secrets(), region=zone[:-1], role=str(_role(world, machine)))
        return cloud, gzip.decompress(packed).decode()

    def granted(self, world: World, machine: State) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for policy in world.all("aws_iam_role_policy", role=_role(world, machine)):
            for statement in json.loads(policy["policy"])["Statement"]:
                if statement["Effect"] == "Allow" and statement["Action"] == "ssm:GetParameter":
                    for arn in statement["Resource"]:
                        if parameter := world.one(PARAMETER, arn=arn):
                            found[parameter["name"]] = world.secret(PARAMETER, parameter, "value")
        return found

    def routes(
        self, world: World, network: str, cidr: str, runs: Callable[[str], bool]
    ) -> Mapping[str, str]:
        """The route stays, whether its machine runs or not."""
        found: dict[str, str] = {}
        for subnet in world.all("aws_subnet", vpc_id=network, cidr_block=cidr):
            for joined in world.all(JOINED, subnet_id=subnet["id"]):
                for route in world.all(ROUTE, route_table_id=joined["route_table_id"]):
                    interface = route.get("network_interface_id")
                    target = interface and world.one(
                        self.machine_type, primary_network_interface_id=interface
                    )
                    if target:
                        found[route["destination_cidr_block"]] = target["private_ip"]
        return found

    def firewall(self, world: World, machine: State) -> Firewall:
        rules = [
            _rule(direction, rule)
            for direction, kind in (("in", INGRESS), ("out", EGRESS))
            for group in machine["vpc_security_group_ids"]
            for rule in world.all(kind, security_group_id=group)
        ]
        forwards = machine.get("source_dest_check") is False
        return Firewall(rules, way_out=_has_way_out(world, machine), forwards=forwards)


def _vpcs(zone: State) -> frozenset[str]:
    return frozenset(each["vpc_id"] for each in zone.get("vpc") or ())


def _records(world: World, zone_id: str) -> dict[str, Addresses]:
    return {each["name"]: tuple(each["records"]) for each in world.all(RECORD, zone_id=zone_id)}


def _rule(direction: str, rule: State) -> Rule:
    ports = ALL if rule["ip_protocol"] == "-1" else (int(rule["from_port"]), int(rule["to_port"]))
    protocol = "all" if rule["ip_protocol"] == "-1" else rule["ip_protocol"]
    return Rule("in" if direction == "in" else "out", (rule["cidr_ipv4"],), protocol, ports)


def _only(kind: str, states: list[State]) -> State:
    """The one that a look-up finds; its words are those of the provider's find.go."""
    if not states:
        raise RefusedError(f"no matching {kind} found")
    if len(states) > 1:
        raise RefusedError(
            f"multiple {kind}s matched; use additional constraints to reduce matches to a single "
            f"{kind}"
        )
    return states[0]


def _subnet(world: World, machine: State) -> State:
    subnet = machine["subnet_id"]
    words = f"InvalidSubnetID.NotFound: The subnet ID '{subnet}' does not exist"
    return found(world.one("aws_subnet", id=subnet), words)


def _role(world: World, machine: State) -> str | None:
    profile = world.one("aws_iam_instance_profile", name=machine["iam_instance_profile"])
    return str(profile["role"]) if profile else None


def _has_way_out(world: World, machine: State) -> bool:
    """A route to an internet gateway, and an address to come back to."""
    if not machine["public_ip"]:
        return False
    tables = world.all(JOINED, subnet_id=machine["subnet_id"])
    return any(
        route["destination_cidr_block"] == "0.0.0.0/0" and route.get("gateway_id")
        for table in tables
        for route in world.all(ROUTE, route_table_id=table["route_table_id"])
    )


SKY = AwsSky()
