"""Topologies as users have them after `trunkline keys`, with keys that are always the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from trunkline.deploy.keys import Keys, keys_of
from trunkline.deploy.nodes import Nodes
from trunkline.model import Topology
from trunkline.topology import load
from trunkline.topology.nodes import nodes_path

MADE = "2026-11-28"


def loaded(file: Path) -> Topology:
    """The topology in a file; where it has a backbone, with nodes."""
    return with_nodes(load(file))


def with_nodes(topology: Topology) -> Topology:
    """The topology with the nodes that the keys of tests have."""
    return Nodes.of(topology).following(keys_for(topology), MADE).joined()


def file_with_nodes(file: Path, folder: Path) -> Path:
    """The file; where its topology has a backbone, a copy in `folder` with a nodes file beside."""
    topology = load(file)
    if not topology.backbone:
        return file
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    Nodes.of(topology).following(keys_for(topology), MADE).write(nodes_path(copy))
    return copy


def keys_for(topology: Topology) -> Keys:
    """A key for each variable, by its name."""
    names = [key.variable for key in keys_of(topology)]
    return Keys({name: hashlib.sha256(name.encode()).hexdigest() for name in names})
