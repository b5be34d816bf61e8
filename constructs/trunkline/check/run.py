"""Runs all checks of a topology side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trunkline.check import backbone_keys, edges, local_state, routes
from trunkline.check.line import CheckLine, State
from trunkline.deploy.connectors import connectors_of
from trunkline.deploy.variables import with_keys
from trunkline.model import EDGE_KEY, LocalIngress, Topology

AT_ONCE = 32

Check = Callable[[], Iterable[CheckLine]]


def check_topology(topology: Topology, keys: Path, env: Mapping[str, str]) -> list[CheckLine]:
    """A line for everything that was looked at, in the order of the file.

    - `keys`: the file of the keys; where there is none, they are in the environment.
    - `env`: the environment, with the token of Cloudflare's API.

    Raises KeysError where the file of the keys cannot be read.
    """
    found = _checks(topology, keys, with_keys(env, keys))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [line for lines in pool.map(_all_of, found) for line in lines]


def is_up(lines: Iterable[CheckLine]) -> bool:
    """Whether nothing has failed; a warning or what could not be looked at is no failure."""
    return all(line.state is not State.FAILED for line in lines)


def _checks(topology: Topology, keys: Path, env: Mapping[str, str]) -> list[Check]:
    key = env.get(f"TF_VAR_{EDGE_KEY.variable}", "")
    ingress = topology.ingress
    connectors = connectors_of(topology, env)
    part = functools.partial
    found: list[Check] = [
        *(part(routes.route, topology, each) for each in topology.routing.routes),
        *(part(edges.origins, topology, site, key) for site in topology.sites),
        part(local_state.keys, topology, keys),
        *(part(backbone_keys.keys, topology, site) for site in topology.sites),
        part(backbone_keys.authorities, topology),
    ]
    if isinstance(ingress, LocalIngress):
        return found  # it has addresses in place of names, and no edge installs anything
    return [
        part(routes.hostname, topology),
        *found,
        *(part(edges.tunnel, topology, site, connectors) for site in topology.sites),
        part(local_state.versions, topology),
        *(part(local_state.probes, topology, site) for site in topology.sites),
    ]


def _all_of(check: Check) -> list[CheckLine]:
    return list(check())
