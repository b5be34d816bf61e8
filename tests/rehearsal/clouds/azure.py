"""Azure: virtual machines behind network security groups, with their priorities."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping

from doubles.machines.scene import Cloud
from doubles.services.azure import Azure
from doubles.services.cloud import Secrets

from rehearsal.clouds.base import RANGE, Plug, Sky, found, unknown
from rehearsal.firewall import ALL, Direction, Firewall, Rule
from rehearsal.private_names import Addresses, PrivateZone, meets
from rehearsal.world import State, World
from trunkline.addresses.subnets import subnet_cidr
from trunkline.model import ExistingNetwork, Site

ZONE = "azurerm_private_dns_zone"
LINK, RECORD = f"{ZONE}_virtual_network_link", "azurerm_private_dns_a_record"
SECRET = "azurerm_key_vault_secret"
ASSOCIATION = "azurerm_network_interface_security_group_association"
TABLE_ASSOCIATION = "azurerm_subnet_route_table_association"


class AzureSky(Sky):
    machine_type = "azurerm_linux_virtual_machine"
    resolver = "168.63.129.16"
    effective = frozenset(
        (
            "azurerm_linux_virtual_machine", "azurerm_network_interface", "azurerm_subnet",
            "azurerm_virtual_network", "azurerm_public_ip", ASSOCIATION,
            "azurerm_network_security_group", "azurerm_network_security_rule",
            "azurerm_user_assigned_identity", "azurerm_key_vault", SECRET,
            "azurerm_key_vault_access_policy", ZONE, LINK, RECORD, "azurerm_route",
            "azurerm_route_table", TABLE_ASSOCIATION,
        )
    )  # fmt: skip
    remembered = frozenset(("azurerm_resource_group",))

    def settle(self, world: World, type_name: str, planned: State) -> State:
        if type_name == "azurerm_public_ip" and unknown(planned.get("ip_address")):
            return {**planned, "ip_address": world.public_address()}
        if type_name == "azurerm_network_interface":
            [configuration] = planned["ip_configuration"]
            if unknown(configuration.get("private_ip_address")):
                private = world.private_address(_range(world, configuration))
                settled = {**configuration, "private_ip_address": private}
                return {**planned, "ip_configuration": [settled], "private_ip_address": private}
        if type_name == self.machine_type:
            return {**planned, "private_ip_address": _configuration(world, planned)[1]}
        return planned

    def network(self, site: Site, network: ExistingNetwork) -> Iterator[tuple[str, State]]:
        group = {"resource_group_name": network.resource_group}
        vnet = network.id or f"{_path(site, group)}/virtualNetworks/{network.name}"
        space = {"address_space": [network.cidr or RANGE]}
        yield "azurerm_virtual_network", {"id": vnet, "name": network.name, **group, **space}
        tables = {name: f"{_path(site, group)}/routeTables/{name}" for name in _tables(network)}
        for name, table in tables.items():
            yield "azurerm_route_table", {"id": table, "name": name, **group}
        for zone in site.zones:
            subnet = network.subnet_of(zone) or "default"
            cidr = subnet_cidr(network.cidr or RANGE, 0)
            where = {"name": subnet, "virtual_network_name": network.name, **group}
            link = subnet if network.id else f"{vnet}/subnets/{subnet}"
            ways = {"address_prefixes": [cidr], "service_endpoints": ["Microsoft.KeyVault"]}
            yield "azurerm_subnet", {"id": link, **ways, **where}
            for table in tables.values():
                joined = {"subnet_id": link, "route_table_id": table}
                yield TABLE_ASSOCIATION, {"id": link, **joined}

    def answer(self, world: World, type_name: str, config: State) -> State | None:
        if type_name != "azurerm_subnet":
            return None
        names = ("name", "virtual_network_name", "resource_group_name")
        wanted = {each: config[each] for each in names}
        # A guess: the provider writes the names with the subscription.
        words = f"Subnet ({', '.join(wanted.values())}) was not found"
        return found(world.one(type_name, **wanted), words)

    def plug(self, world: World, machine: State) -> Plug:
        configuration, private = _configuration(world, machine)
        public = world.one("azurerm_public_ip", id=configuration["public_ip_address_id"])
        place = f"azure {machine['location']}-{machine['zone']}"
        address = public["ip_address"] if public else None
        subnet = _subnet(world, configuration)
        network = (subnet["resource_group_name"], subnet["virtual_network_name"])
        return Plug("/".join(network), subnet["address_prefixes"][0], private, address, place)

    def taken(self, world: World, planned: State) -> str | None:
        wanted = {each: planned[each] for each in ("name", "resource_group_name")}
        if (there := world.one(self.machine_type, **wanted)) is None:
            return None
        # The provider looks before it makes one: tf.ImportAsExistsError.
        return _exists(there["id"])

    def private_zones(self, world: World) -> list[PrivateZone]:
        return [
            PrivateZone(zone["id"], zone["name"], _linked(world, zone), _records(world, zone))
            for zone in world.all(ZONE)
        ]

    def zone_refused(
        self, world: World, type_name: str, prior: State | None, planned: State | None
    ) -> str | None:
        if type_name == ZONE and planned is None and prior and _linked(world, prior):
            return "CannotDeleteResource: Can not delete resource before nested resources"
        if type_name != LINK or planned is None or prior is not None:
            return None
        name, linked = planned["private_dns_zone_name"], _network_of(world, planned)
        if not meets(self.private_zones(world), name, (linked,)):
            return None
        return (
            "BadRequest: A virtual network cannot be linked to multiple zones with overlapping "
            f"namespaces. You tried to link virtual network with '{name}' and '{name}' zones."
        )

    def route_refused(self, world: World, type_name: str, planned: State) -> str | None:
        if type_name != TABLE_ASSOCIATION:
            return None
        # The provider looks at the subnet before: it takes one table. The id is the subnet's.
        subnet = planned.get("subnet_id")
        return _exists(str(subnet)) if world.one(type_name, subnet_id=subnet) else None

    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        text = base64.b64decode(machine["custom_data"]).decode()
        vault = _vault(world, machine)
        return Azure(Secrets(), vault=str(vault["name"]) if vault else "none"), text

    def granted(self, world: World, machine: State) -> Mapping[str, str]:
        vault = _vault(world, machine)
        if vault is None or not _lets_in(world, vault, machine):
            return {}
        secrets = world.all(SECRET, key_vault_id=vault["id"])
        return {each["name"]: world.secret(SECRET, each, "value") for each in secrets}

    def routes(
        self, world: World, network: str, cidr: str, runs: Callable[[str], bool]
    ) -> Mapping[str, str]:
        """The route stays, whether its machine runs or not."""
        group, _, vnet = network.partition("/")
        where = {"virtual_network_name": vnet, "resource_group_name": group}
        found: dict[str, str] = {}
        for subnet in world.all("azurerm_subnet", address_prefixes=[cidr], **where):
            for joined in world.all(TABLE_ASSOCIATION, subnet_id=subnet["id"]):
                table = world.one("azurerm_route_table", id=joined["route_table_id"])
                assert table, f"{joined['route_table_id']} is not there"
                routes = world.all(
                    "azurerm_route",
                    route_table_name=table["name"],
                    resource_group_name=table["resource_group_name"],
                )
                found |= {each["address_prefix"]: each["next_hop_in_ip_address"] for each in routes}
        return found

    def firewall(self, world: World, machine: State) -> Firewall:
        rules: list[State] = []
        for interface in machine["network_interface_ids"]:
            for joined in world.all(ASSOCIATION, network_interface_id=interface):
                group = world.one(
                    "azurerm_network_security_group", id=joined["network_security_group_id"]
                )
                rules += world.all(
                    "azurerm_network_security_rule",
                    network_security_group_name=group["name"] if group else None,
                    resource_group_name=group["resource_group_name"] if group else None,
                )
        configuration, _ = _configuration(world, machine)
        neighbours = _address_space(world, _subnet(world, configuration))
        made = [
            _rule(each, neighbours) for each in sorted(rules, key=lambda rule: rule["priority"])
        ]
        # A group's own last rules: in from the network alone (AllowVnetInBound), everything out.
        made.append(Rule("in", neighbours))
        way_out = bool(configuration["public_ip_address_id"])
        [interface] = machine["network_interface_ids"]
        card = world.one("azurerm_network_interface", id=interface)
        forwards = bool(card and card.get("ip_forwarding_enabled"))
        return Firewall(made, rest_in=False, rest_out=True, way_out=way_out, forwards=forwards)


def _linked(world: World, zone: State) -> frozenset[str]:
    """The networks that a private zone is linked with, as machines are plugged into them."""
    links = world.all(
        LINK,
        private_dns_zone_name=zone["name"],
        resource_group_name=zone["resource_group_name"],
    )
    return frozenset(_network_of(world, link) for link in links)


def _network_of(world: World, link: State) -> str:
    network = link["virtual_network_id"]
    words = f"InvalidResourceReference: {network} was not found"
    there = found(world.one("azurerm_virtual_network", id=network), words)
    return f"{there['resource_group_name']}/{there['name']}"


def _records(world: World, zone: State) -> dict[str, Addresses]:
    name, group = zone["name"], zone["resource_group_name"]
    made = world.all(RECORD, zone_name=name, resource_group_name=group)
    return {
        name if each["name"] == "@" else f"{each['name']}.{name}": tuple(each["records"])
        for each in made
    }


def _configuration(world: World, machine: State) -> tuple[State, str]:
    [interface] = machine["network_interface_ids"]
    card = world.one("azurerm_network_interface", id=interface)
    assert card, f"{interface} is not there"
    [configuration] = card["ip_configuration"]
    return configuration, str(configuration["private_ip_address"])


def _path(site: Site, group: State) -> str:
    subscription = f"/subscriptions/{site.account}"
    named = f"resourceGroups/{group['resource_group_name']}"
    return f"{subscription}/{named}/providers/Microsoft.Network"


def _subnet(world: World, configuration: State) -> State:
    subnet = configuration["subnet_id"]
    words = f"InvalidResourceReference: {subnet} was not found"
    return found(world.one("azurerm_subnet", id=subnet), words)


def _range(world: World, configuration: State) -> str:
    return str(_subnet(world, configuration)["address_prefixes"][0])


def _address_space(world: World, subnet: State) -> tuple[str, ...]:
    """The ranges of a subnet's network: the service tag VirtualNetwork means these."""
    name, group = subnet["virtual_network_name"], subnet["resource_group_name"]
    network = world.one("azurerm_virtual_network", name=name, resource_group_name=group)
    words = f"InvalidResourceReference: {group}/{name} was not found"
    return tuple(found(network, words)["address_space"])


def _vault(world: World, machine: State) -> State | None:
    """The vault whose policy lets the machine's identity read."""
    for identity in machine.get("identity") or []:
        for assigned in identity["identity_ids"]:
            own = world.one("azurerm_user_assigned_identity", id=assigned)
            principal = own["principal_id"] if own else None
            for policy in world.all("azurerm_key_vault_access_policy", object_id=principal):
                if "Get" in policy["secret_permissions"]:
                    return world.one("azurerm_key_vault", id=policy["key_vault_id"])
    return None


def _lets_in(world: World, vault: State, machine: State) -> bool:
    """Whether a vault's network rules pass the machine; what Terraform writes is not judged."""
    closed = [each for each in vault.get("network_acls") or () if each["default_action"] == "Deny"]
    if not closed:
        return True
    configuration, _ = _configuration(world, machine)
    endpoints = _subnet(world, configuration).get("service_endpoints") or ()
    allowed = closed[0].get("virtual_network_subnet_ids") or ()
    return "Microsoft.KeyVault" in endpoints and configuration["subnet_id"] in allowed


def _rule(rule: State, neighbours: tuple[str, ...]) -> Rule:
    direction: Direction = "in" if rule["direction"] == "Inbound" else "out"
    far = "source" if direction == "in" else "destination"
    one, several = rule.get(f"{far}_address_prefix"), rule.get(f"{far}_address_prefixes")
    tags = {"*": ("0.0.0.0/0",), "VirtualNetwork": neighbours}
    cidrs = tuple(several) if several else tags.get(str(one), (str(one),))
    port = rule["destination_port_range"]
    first, _, last = port.partition("-")
    ports = ALL if port == "*" else (int(first), int(last or first))
    protocol = "all" if rule["protocol"] == "*" else rule["protocol"].lower()
    near = "destination" if direction == "in" else "source"
    named = rule.get(f"{near}_address_prefixes") or [rule.get(f"{near}_address_prefix") or "*"]
    ends = () if named == ["*"] else tuple(named)
    return Rule(direction, cidrs, protocol, ports, rule["access"] == "Allow", ends)


SKY = AzureSky()


def _exists(id: str) -> str:
    """The words of tf.ImportAsExistsError."""
    return (
        f'A resource with the ID "{id}" already exists - to be managed via Terraform this resource '
        "needs to be imported into the State."
    )


def _tables(network: ExistingNetwork) -> list[str]:
    """The table of all its subnets: the first of those that the topology names, if any."""
    return list(network.route_tables.values())[:1]
