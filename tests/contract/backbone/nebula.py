"""Nodes of a backbone of Nebula, beside those of WireGuard in `nodes.py`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Interface
from typing import Any

from contract.backbone.nodes import OVERLAY, Node

from trunkline.backbone.certificates import AUTHORITY_DAYS, NODE_DAYS, Signer
from trunkline.deploy.nodes import public_key
from trunkline.payload.unit import machine_program
from trunkline.probing.key import generate_key

TODAY = datetime.now(UTC).date()


def authority(seed: str) -> Signer:
    return Signer(seed=seed, name="acme", expires=TODAY + timedelta(days=AUTHORITY_DAYS))


FIRST = authority(generate_key())


@dataclass
class NebulaNode(Node):
    """One machine with Nebula: the authorities that it trusts, and who has signed what it shows."""

    trusted: list[Signer] = field(default_factory=lambda: [FIRST])
    signer: Signer = FIRST
    groups: tuple[str, ...] = ("edge", "aws")
    days: int = NODE_DAYS
    names_network: bool = True
    """Whether its certificate names the network that it carries."""

    def text(self) -> str:
        return machine_program("nebula")

    def arguments(self) -> tuple[str, ...]:
        run = self.folder / "run"
        run.mkdir(exist_ok=True)
        return (str(self.folder), str(run))

    def described(self, mtu: int) -> dict[str, Any]:
        host = f"{self.name}.test"
        made = {"name": self.name, "host": host, "address": self.address, "mtu": mtu}
        return {**made, "network": self.network} if self.network else made

    def told(self, nodes: Sequence[Mapping[str, Any]], ports: Sequence[int] = (8443,)) -> None:
        own = [self._shown(key) for key, _ in self.keys]
        config = {
            "zone": "z",
            "names": {"z": self.name},
            "overlay": OVERLAY,
            "own_ports": [443],
            "group": "edge",
            "ports": list(ports),
            "port": 51820,
            "authorities": [base64.b64encode(s.certificate()).decode() for s in self.trusted],
            "nodes": [{**n, "keys": own} if n["name"] == self.name else n for n in nodes],
        }
        (self.folder / "backbone-key").write_text(",".join(key for key, _ in self.keys))
        new = self.folder / "backbone.new"
        new.write_text(json.dumps(config))
        new.rename(self.folder / "backbone.json")

    def _shown(self, private: str) -> dict[str, str]:
        public, expires = public_key(private), TODAY + timedelta(days=self.days)
        address = IPv4Interface(f"{self.address}/24")
        key, carried = (
            base64.b64decode(public),
            [self.network] if self.network and self.names_network else [],
        )
        made = self.signer.node(self.name, address, self.groups, key, expires, carried)
        return {"public_key": public, "certificate": base64.b64encode(made).decode()}
