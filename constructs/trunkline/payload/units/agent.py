"""The agent of a probe, which measures round trips to the other probes."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from attrs import frozen

from trunkline.addresses import loopback
from trunkline.addresses.names import Peer
from trunkline.local.machine import LocalProcess
from trunkline.model import Probes, zone_name
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.secret import SecretSource
from trunkline.payload.unit import LocalUnit, MachineFile, Unit, packaged
from trunkline.probing.metadata import PhysicalZoneQuery
from trunkline.probing.source import agent_source

PROGRAM = "/usr/local/lib/trunkline/agent.py"
CONFIGURATION = "/etc/trunkline/probe.json"
KEY = "/run/trunkline-probe/key"


@frozen(kw_only=True)
class Agent(Unit):
    """The agent of the probe in `zone`.

    `peers` are all probes, this one included; `key` says how to read the key that they share, and
    `metadata` how to ask the cloud's metadata service for the physical zone, if that can be asked.
    """

    site: str
    cloud: str
    zone: str
    probes: Probes
    peers: tuple[Peer, ...]
    key: SecretSource
    metadata: PhysicalZoneQuery | None = None

    name: ClassVar = "probe"
    remedy: ClassVar = "use fewer candidate zones, or probes.max_parallel"

    @property
    def service(self) -> str:
        return packaged("probe.service").replace("@ARGUMENTS@", " ".join(self.key.arguments))

    @property
    def files(self) -> tuple[MachineFile, ...]:
        config = json.dumps(self.configuration(address="0.0.0.0", key_file=KEY)) + "\n"
        return (MachineFile(PROGRAM, agent_source()), MachineFile(CONFIGURATION, config))

    @property
    def secret(self) -> SecretSource:
        return self.key

    @property
    def firewall(self) -> Firewall:
        """The addresses of probes are not known before, so that any may send; the key decides."""
        others = (
            Rule(name="probes", port=self.probes.port, protocol="udp"),
            Rule(name="connect", port=self.probes.port + 1),
        )
        operators = Rule(name="operators", port=self.probes.port, cidrs=self.probes.operators)
        ingress = (*others, operators) if self.probes.operators else others
        return Firewall(ingress=ingress, egress=others)

    def local(self, cidr: str, zone: str) -> LocalUnit:
        at = loopback.probe_endpoint(cidr, zone, self.probes.port)
        [key_file] = self.key.arguments
        config = {**self.configuration(address=at.host, key_file=key_file), "port": at.port}
        process = LocalProcess(
            name="agent",
            program="python",
            arguments=("-I", "agent.py", "probe.json"),
            files={
                "agent.py": agent_source(),
                "probe.json": json.dumps(config, separators=(",", ":")) + "\n",
            },
            ready=f"http://{at}{self.health}",
        )
        connect = f"tcp {at.host}:{at.port + 1}"
        return LocalUnit(process=process, addresses=(f"udp {at}", f"tcp {at}", connect))

    def configuration(self, *, address: str, key_file: str) -> dict[str, Any]:
        """What the agent reads, as `probing/agent.py` describes it."""
        emulated = {
            zone_name(peer.site, peer.zone): peer.emulated_ms
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
            **({"metadata": self.metadata.to_config()} if self.metadata else {}),
        }


def _peer(peer: Peer) -> dict[str, str | int]:
    return {
        "site": peer.site,
        "zone": peer.zone,
        "host": peer.endpoint.host,
        "port": peer.endpoint.port,
    }
