"""A real xDS server, and what it gives and sees."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import define
from support.certificates import Pair
from support.examples import ROOT
from support.loopback import ask, eventually

from trunkline.envoy import LoopbackListener, resources
from trunkline.model import DEFAULT_FORWARDING

PYTHON = ROOT / ".tools" / "xds" / "bin" / "python"
NEEDED = "needs an xDS server; run: make .tools/xds/ready"


@define
class Plane:
    """A control plane on `port`, what it gives to the edge on `edge_port`, and what it prints.

    It runs in the network in which `serving` is called.
    """

    folder: Path
    port: int
    edge_port: int
    pair: Pair
    host: str = "127.0.0.1"
    version: int = 0

    def give(self, *prefixes: str) -> None:
        """Have the server give an edge with those prefixes."""
        made = resources(
            site="aws",
            zone="us-east-1a",
            cloud="aws",
            routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
            upstreams={},
            listener=LoopbackListener(port=self.edge_port),
        )
        [listener] = json.loads(json.dumps(made.listeners))
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager["rds"]["config_source"] = {"ads": {}, "resource_api_version": "V3"}
        self.version += 1
        world = {
            "version": str(self.version),
            "listeners": [listener],
            "routes": list(made.routes),
            "clusters": list(made.clusters),
        }
        new = self.folder / "world.new"
        new.write_text(json.dumps(world))
        new.rename(self.folder / "world.json")

    @contextlib.contextmanager
    def serving(self, *clients: str) -> Iterator[None]:
        """The server, while the block runs; for the clients of an authority alone."""
        pair = (self.pair.certificate, self.pair.key)
        arguments = [f"{self.host}:{self.port}", *pair, str(self.folder / "world.json"), *clients]
        server = Path(__file__).with_name("server.py")
        with (self.folder / "plane.log").open("ab") as log:
            process = subprocess.Popen([str(PYTHON), "-I", str(server), *arguments], stdout=log)
        try:
            count = len(self.said("ready"))
            eventually(lambda: len(self.said("ready")) > count, 60)
            yield
        finally:
            process.kill()
            process.wait()

    def said(self, kind: str) -> list[Any]:
        lines = (self.folder / "plane.log").read_text().splitlines()
        return [each[kind] for each in map(json.loads, lines) if kind in each]

    def status(self, target: str) -> int:
        with contextlib.suppress(OSError):
            return ask(self.edge_port, target).status
        return 0

    def serves(self, target: str) -> None:
        eventually(lambda: self.status(target) == 200, 40)
