"""Topologies as users have them after `trunkline keys`, with keys that are always the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from support.zerotier import IDENTITIES
from trunkline.deploy.keys import Keys, keys_of
from trunkline.deploy.nodes import Nodes, public_key
from trunkline.model import UDP_PORTS, Node, NodeKey, Topology, node_key
from trunkline.topology import load
from trunkline.topology.nodes import nodes_path

MADE = "2026-11-28"


def loaded(file: Path) -> Topology:
    """The topology in a file; where it has a backbone, with nodes."""
    return with_nodes(load(file))


def with_nodes(topology: Topology) -> Topology:
    """The topology with the nodes that the keys of tests have."""
    return _nodes(topology).joined()


def file_with_nodes(file: Path, folder: Path) -> Path:
    """The file; where its topology has a backbone, a copy in `folder` with a nodes file beside."""
    topology = load(file)
    if not topology.backbone:
        return file
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    _nodes(topology).write(nodes_path(copy))
    return copy


def _nodes(topology: Topology) -> Nodes:
    keys = keys_for(topology)
    known = Nodes.of(topology)
    if topology.backbone and topology.backbone.kind == "zerotier":
        known = Nodes(topology, {node.name: node for node in _with_identities(topology)})
    return known.following(keys, MADE)


def _with_identities(topology: Topology) -> Iterator[Node]:
    """The nodes of a backbone of ZeroTier, whose identities would take seconds each to find."""
    keys = keys_for(topology)
    names = [name for site in topology.sites for name in topology.node_names(site.name)]
    for number, name in enumerate(names, 1):
        variable = node_key(name).variable
        key = NodeKey(
            public_key=public_key(keys.values[variable]),
            port=UDP_PORTS[0],
            made=MADE,
            identity=IDENTITIES[variable],
        )
        yield Node(name=name, address=f"10.254.0.{number}", keys=[key])


def keys_for(topology: Topology) -> Keys:
    """A key for each variable, by its name."""
    names = [key.variable for key in keys_of(topology)]
    return Keys({name: hashlib.sha256(name.encode()).hexdigest() for name in names})
