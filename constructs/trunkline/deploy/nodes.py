"""Writes the nodes file of a backbone: what others may know of the keys that `keys` has made."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from datetime import date
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from attrs import asdict, evolve, frozen
from ruamel.yaml import YAML

from trunkline.backbone import driver_of
from trunkline.deploy.certified import Office
from trunkline.deploy.keys import Keys, KeysError, backbone_keys
from trunkline.documents.write import write_whole
from trunkline.model import (
    AUTHORITY_KEY,
    UDP_PORTS,
    Authority,
    BackboneSettings,
    Node,
    NodeKey,
    Topology,
    node_key,
)

_HEADER = (
    "# The nodes of the backbone, with the public halves of their keys: made by trunkline keys.\n"
    "# Commit this file; the private halves are in the file of the keys.\n"
)


def public_key(private: str) -> str:
    """The public half, in base64, of a private key in hexadecimal digits (X25519, RFC 7748)."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key()
    return base64.b64encode(key.public_bytes_raw()).decode()


@frozen
class Nodes:
    """The nodes of a topology that stand in its nodes file, by name."""

    topology: Topology
    nodes: Mapping[str, Node]
    authorities: tuple[Authority, ...] = ()

    @staticmethod
    def of(topology: Topology) -> Nodes:
        """Those that the topology was read with."""
        if (backbone := topology.backbone) is None:
            return Nodes(topology, {})
        sites = backbone.nodes.values()
        nodes = {node.name: node for nodes in sites for node in nodes}
        return Nodes(topology, nodes, backbone.authorities)

    def check(self, keys: Keys) -> None:
        """KeysError where the private half of a public key is not in `keys`."""
        if not backbone_keys(self.topology):
            return
        if self.authorities and AUTHORITY_KEY.variable not in keys.values:
            raise KeysError(
                "the nodes file has an authority whose private key is not among your keys: get "
                f"trunkline_{AUTHORITY_KEY.variable} from whoever made it, or delete authorities "
                "from the nodes file and run this again; the backbone is then down until every "
                "edge is applied"
            )
        for name, node in self.nodes.items():
            known = {key.public_key for key in self._made(name, keys, "")}
            if node.keys and not known & {key.public_key for key in node.keys}:
                raise KeysError(
                    f"the nodes file has a key of {name} whose private half is not among your "
                    f"keys: get TF_VAR_{node_key(name).variable} from whoever made it, or delete "
                    f"{name} from the nodes file and run this again; the backbone is then down "
                    "until every edge is applied"
                )

    def following(self, keys: Keys, today: str) -> Nodes:
        """With the public halves of `keys`; a key that is new was made `today`, `YYYY-MM-DD`."""
        backbone = self.topology.backbone
        if backbone is None:
            return self
        names = [
            name for site in self.topology.sites for name in self.topology.node_names(site.name)
        ]
        addresses = self._addresses(backbone, names)
        made = self._completed(
            {
                name: Node(name=name, address=addresses[name], keys=self._made(name, keys, today))
                for name in names
            },
            keys,
        )
        if not driver_of(backbone.kind).has_authority:
            return Nodes(self.topology, made)
        return self._certified(backbone, made, keys, today)

    def _completed(self, made: Mapping[str, Node], keys: Keys) -> dict[str, Node]:
        """With what the kind of the backbone has in the nodes file beside public keys."""
        backbone = self.topology.backbone
        if backbone is None or not backbone_keys(self.topology):
            return dict(made)
        found = {
            private: key
            for name, node in made.items()
            for private, key in zip(_privates(name, keys), node.keys, strict=True)
        }
        completed = driver_of(backbone.kind).completed(found)
        return {
            name: evolve(node, keys=[completed[each] for each in _privates(name, keys)])
            for name, node in made.items()
        }

    def _certified(
        self, backbone: BackboneSettings, made: Mapping[str, Node], keys: Keys, today: str
    ) -> Nodes:
        """With certificates, where the kind of the backbone has them."""
        day, networks = date.fromisoformat(today), self.topology.carried_networks
        office = Office(self.topology.name, backbone, keys, day, networks)
        of_sites = {
            name: (site.name, made[name])
            for site in self.topology.sites
            for name in self.topology.node_names(site.name)
        }
        return Nodes(self.topology, office.certified(of_sites), office.authorities())

    def _addresses(self, backbone: BackboneSettings, names: list[str]) -> dict[str, str]:
        """Those that nodes have, and for others the first ones that are free."""
        kept = {name: node.address for name, node in self.nodes.items()}
        hosts = map(str, IPv4Network(backbone.cidr).hosts())
        free = (host for host in hosts if host not in kept.values())
        return {name: kept.get(name) or next(free) for name in names}

    def _made(self, name: str, keys: Keys, today: str) -> list[NodeKey]:
        """The public halves of a node's keys, the newest first."""
        if not backbone_keys(self.topology):
            return []
        before = (
            {key.public_key: key for key in self.nodes[name].keys} if name in self.nodes else {}
        )
        publics = [public_key(each) for each in _privates(name, keys)]
        taken = [before[each].port for each in publics if each in before]
        ports = (port for port in UDP_PORTS if port not in taken)
        return [
            before.get(each) or NodeKey(public_key=each, port=next(ports), made=today)
            for each in publics
        ]

    def joined(self) -> Topology:
        """The topology with these nodes."""
        backbone = self.topology.backbone
        if backbone is None:
            return self.topology
        nodes = {
            site.name: tuple(self.nodes[name] for name in self.topology.node_names(site.name))
            for site in self.topology.sites
        }
        return evolve(
            self.topology, backbone=evolve(backbone, nodes=nodes, authorities=self.authorities)
        )

    def write(self, path: Path) -> None:
        """Write the file whole, where it changes; OutputError where that cannot be done."""
        data: dict[str, Any] = {"topology": self.topology.name}
        if self.authorities:
            data["authorities"] = [
                {"certificate": each.certificate, "expires": each.expires}
                for each in self.authorities
            ]
        text = _HEADER + _yaml({**data, "nodes": dict(self._data())})
        if not path.exists() or path.read_text("utf-8") != text:
            write_whole(path, text.encode())

    def _data(self) -> Iterator[tuple[str, Any]]:
        for name, node in self.nodes.items():
            keys = [
                {name: value for name, value in asdict(key).items() if value} for key in node.keys
            ]
            yield name, {"address": node.address, **({"keys": keys} if keys else {})}


def _privates(name: str, keys: Keys) -> list[str]:
    """The private halves of a node's keys, the newest first."""
    variables = (node_key(name).variable, node_key(name).previous)
    return [keys.values[each] for each in variables if each in keys.values]


def _yaml(data: Any) -> str:
    text = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(data, text)
    return text.getvalue()
