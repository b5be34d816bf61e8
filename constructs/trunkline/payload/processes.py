"""What a local machine runs: the payloads of the clouds' machines as groups of processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from trunkline.addresses.loopback import Endpoint
from trunkline.local.machine import Machine, Process
from trunkline.payload.edge import ENVOY_FLAGS, EdgePayload
from trunkline.payload.probe import ProbePayload
from trunkline.probing.source import agent_source


def edge_group(name: str, at: Endpoint, payload: EdgePayload) -> Machine:
    """An Envoy with the very configuration of a cloud's edge.

    Only its admin socket lies elsewhere: in the machine's folder, as a relative path, because the
    name of a Unix socket has 107 bytes at most.
    """
    admin = json.dumps({"admin": {"address": {"pipe": {"path": "admin.sock"}}}})
    envoy = Process(
        name="envoy",
        program="envoy",
        arguments=("-c", "envoy.json", "--config-yaml", admin, "--concurrency", "1", *ENVOY_FLAGS),
        files={"envoy.json": _json(payload.bootstrap)},
        ready=f"http://{at}/healthz",
    )
    return Machine(name=name, kind="edge", processes=(envoy,), addresses=(f"tcp {at}",))


def probe_group(name: str, at: Endpoint, payload: ProbePayload, key_file: str) -> Machine:
    """The agent; `key_file` is relative to the machine's folder."""
    config = {**payload.agent_config(address=at.host, key_file=key_file), "port": at.port}
    agent = Process(
        name="agent",
        program="python",
        arguments=("-I", "agent.py", "probe.json"),
        files={"agent.py": agent_source(), "probe.json": _json(config)},
        ready=f"http://{at}/healthz",
    )
    addresses = (f"udp {at}", f"tcp {at}", f"tcp {at.host}:{at.port + 1}")
    return Machine(name=name, kind="probe", processes=(agent,), addresses=addresses)


def sample_group(name: str, at: Endpoint, where: Mapping[str, str]) -> Machine:
    """The sample service behind an edge; `where` is what its answers say."""
    config = {**where, "address": at.host, "port": at.port}
    sample = Process(
        name="sample",
        program="python",
        arguments=("-I", "-S", "sample.py", "sample.json"),
        files={"sample.py": _sample_source(), "sample.json": _json(config)},
        ready=f"http://{at}/healthz",
    )
    return Machine(name=name, kind="sample", processes=(sample,), addresses=(f"tcp {at}",))


def _sample_source() -> str:
    return files("trunkline.local").joinpath("sample.py").read_text("utf-8")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
