"""What a probe runs: the agent, and what it is told."""

from __future__ import annotations

import json
from typing import Any

from attrs import frozen

from trunkline.addresses.names import Peer
from trunkline.model import Probes
from trunkline.payload.cloud_config import (
    MachineFile,
    cloud_config,
    fetcher,
    hardening,
    packaged,
    unit,
)
from trunkline.payload.payload import Payload
from trunkline.payload.secret import SecretSource
from trunkline.probing.source import agent_source

AGENT = "/usr/local/lib/trunkline/agent.py"
CONFIG = "/etc/trunkline/probe.json"
KEY = "/run/trunkline-probe/key"


@frozen(kw_only=True)
class ProbePayload(Payload):
    """The agent of the probe in `zone`.

    `peers` are all probes, this one included; `key` says how to read the key that they share.
    """

    site: str
    cloud: str
    zone: str
    probes: Probes
    peers: tuple[Peer, ...]
    key: SecretSource

    @property
    def remedy(self) -> str:
        return "use fewer candidate zones, or probes.max_parallel"

    def user_data(self) -> str:
        config = json.dumps(self.agent_config(address="0.0.0.0", key_file=KEY)) + "\n"
        service = packaged("probe.service")
        return cloud_config(
            [
                MachineFile(AGENT, agent_source()),
                MachineFile(CONFIG, config),
                fetcher(self.key),
                hardening(),
                unit("probe", service.replace("@ARGUMENTS@", " ".join(self.key.arguments))),
            ],
            [["systemctl", "enable", "--now", "--no-block", "trunkline-probe.service"]],
        )

    def agent_config(self, *, address: str, key_file: str) -> dict[str, Any]:
        """What the agent reads, as `probing/agent.py` describes it."""
        emulated = {
            f"{peer.site}/{peer.zone}": peer.emulated_ms
            for peer in self.peers
            if peer.emulated_ms is not None
        }
        return {
            "version": 1,
            "site": self.site,
            "cloud": self.cloud,
            "zone": self.zone,
            "address": address,
            "port": self.probes.port,
            "key_file": key_file,
            "operators": list(self.probes.operators),
            "peers": [_peer(peer) for peer in self.peers],
            "samples": self.probes.samples,
            "interval_seconds": self.probes.interval_seconds,
            "deadline_seconds": self.probes.deadline_seconds,
            **({"emulated_ms": emulated} if emulated else {}),
        }


def _peer(peer: Peer) -> dict[str, str | int]:
    return {
        "site": peer.site,
        "zone": peer.zone,
        "host": peer.endpoint.host,
        "port": peer.endpoint.port,
    }
