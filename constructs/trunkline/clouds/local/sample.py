"""The sample service behind an edge on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from trunkline.addresses.base import Endpoint
from trunkline.local.machine import LocalMachine, LocalProcess


def sample_machine(name: str, at: Endpoint, where: Mapping[str, str]) -> LocalMachine:
    """The machine that runs `local/sample.py` at an address; `where` is what its answers say."""
    config = {**where, "address": at.host, "port": at.port}
    process = LocalProcess(
        name="sample",
        program="python",
        arguments=("-I", "-S", "sample.py", "sample.json"),
        files={
            "sample.py": files("trunkline.local").joinpath("sample.py").read_text("utf-8"),
            "sample.json": json.dumps(config, separators=(",", ":")) + "\n",
        },
        ready=f"http://{at}/healthz",
    )
    return LocalMachine(name=name, kind="sample", processes=(process,), addresses=(f"tcp {at}",))
