"""The user data of a probe: the agent, run by systemd."""

from __future__ import annotations

from importlib.resources import files

from attrs import frozen

from trunkline.payload.cloud_config import MachineFile, cloud_config, hardening, packaged, unit
from trunkline.payload.payload import Payload

AGENT = "/usr/local/lib/trunkline/agent.py"


@frozen(kw_only=True)
class ProbePayload(Payload):
    """The agent of the probe in `zone`; it answers `/healthz` on TCP `port`."""

    site: str
    cloud: str
    zone: str
    port: int

    def user_data(self) -> str:
        arguments = f"--site {self.site} --cloud {self.cloud} --zone {self.zone} --port {self.port}"
        agent = files("trunkline.probing").joinpath("agent.py").read_text("utf-8")
        return cloud_config(
            [
                MachineFile(AGENT, agent),
                hardening(),
                unit("probe", packaged("probe.service").replace("@ARGUMENTS@", arguments)),
            ],
            [["systemctl", "enable", "--now", "--no-block", "trunkline-probe.service"]],
        )
