"""The user data of a probe: the agent, run by systemd."""

from __future__ import annotations

from importlib.resources import files

from trunkline.payload.cloud_config import MachineFile, cloud_config, hardening, packaged, unit

AGENT = "/usr/local/lib/trunkline/agent.py"


def probe_user_data(*, site: str, cloud: str, zone: str, port: int) -> str:
    """The cloud-config of the probe in `zone`; it answers `/healthz` on TCP `port`."""
    arguments = f"--site {site} --cloud {cloud} --zone {zone} --port {port}"
    agent = files("trunkline.probing").joinpath("agent.py").read_text("utf-8")
    return cloud_config(
        [
            MachineFile(AGENT, agent),
            hardening(),
            unit("probe", packaged("probe.service").replace("@ARGUMENTS@", arguments)),
        ],
        [["systemctl", "enable", "--now", "--no-block", "trunkline-probe.service"]],
    )
