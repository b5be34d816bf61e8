"""Joins a machine to the backbone with Tailscale: its address, its log-in, and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `nft`, and `tailscale`
with its daemon. Usage: tailscale FOLDER, in which `sync.py` keeps `backbone.json`, which
`backbone/tailscale.py` describes, and `backbone-key`, the operator's auth key.

The machine's address on the overlay lies on its loopback interface, and Tailscale takes it to the
others as a subnet of one address. The daemon keeps the keys that it has made; the auth key is asked
for where it has none.

Where there are networks, the first node of a site takes that of its site to the others as well, and
the next one while the first says nothing. Only one does so at a time: Tailscale takes packets of a
range from the node alone that it has chosen for it, which has to be where the cloud's route leads.
"""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trunkline.payload.node import (
    HELLO_SECONDS,
    SILENT_SECONDS,
    BackboneError,
    forwarding,
    heard,
    hello,
    listening,
    notify,
    own_name,
    own_network,
    run,
    say,
    table,
)

CONFIG, KEY = "backbone.json", "backbone-key"
INTERFACE = "tailscale0"
LABEL = "lo:backbone"
LOOK_SECONDS = 10
LOGIN_SECONDS = 60
HELLO_PORT = 51821  # where nodes of a site say on the overlay that they are there
# Before Tailscale's own rules, which have 5200 to 5500: https://tailscale.com/docs/reference/
# troubleshooting/network-configuration/lan-traffic-overlapping-subnets
RULE = ("priority", "2500")
# Where Tailscale gives machines addresses of its own: https://tailscale.com/kb/1015/100.x-addresses
OWN_RANGE = "100.64.0.0/10"


def own_address(config: dict[str, Any]) -> str:
    return f"{config['addresses'][own_name(config)]}/32"


def set_address(address: str) -> None:
    """Put the machine's address on the overlay in the place of any that it had before."""
    run("ip", "address", "flush", "dev", "lo", "label", LABEL)
    run("ip", "address", "add", address, "dev", "lo", "label", LABEL)


def keep_own_network(network: str) -> None:
    """Reach the own network directly, though another node of the site takes it to the others."""
    run("ip", "rule", "flush", *RULE)
    run("ip", "rule", "add", "to", network, "lookup", "main", *RULE)


def advertised(config: dict[str, Any], carries: bool) -> str:
    """What the node takes to the others: its address, and its network where it is to carry that."""
    return f"{own_address(config)},{config['network']}" if carries else own_address(config)


def log_in(config: dict[str, Any], folder: str, carries: bool) -> None:
    """Tell the daemon all that it is to do; with keys of its own it does not use the auth key."""
    run(
        *("tailscale", "up", "--reset", f"--auth-key=file:{folder}/{KEY}"),
        *(f"--hostname=trunkline-{own_name(config)}", f"--advertise-tags={config['tag']}"),
        *(f"--advertise-routes={advertised(config, carries)}", "--accept-routes"),
        # What may come in is said by `rules`; packets of networks keep their addresses.
        *("--accept-dns=false", "--netfilter-mode=off", "--snat-subnet-routes=false"),
        f"--timeout={LOGIN_SECONDS}s",
        seconds=LOGIN_SECONDS + 30,
    )


def state() -> str:
    """What the daemon says of itself; `Running` where it has logged in."""
    found: str = json.loads(run("tailscale", "status", "--json"))["BackendState"]
    return found


def rules(config: dict[str, Any]) -> str:
    """What may come in from the backbone: pings, and connections to the edge's own ports."""
    ports = ", ".join(str(port) for port in config["ports"])
    accept = f"    tcp dport {{ {ports} }} accept\n" if ports else ""
    own = config.get("network")
    hellos = f"    udp dport {HELLO_PORT} accept\n" if own else ""
    return table(
        f"{forwarding(own, config.get('others', {}), INTERFACE)}"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        # Tailscale's addresses are its own machines', and come from nowhere else.
        f'    iifname != {{ "lo", "{INTERFACE}" }} ip saddr {OWN_RANGE} drop\n'
        f"{own_network(own, config.get('own_ports', ()), INTERFACE)}"
        f'    iifname != "{INTERFACE}" return\n'
        "    ct state established,related accept\n"
        f"    ip daddr != {own_address(config)} drop\n"
        f"    ip saddr != {{ {config['overlay']}, {OWN_RANGE} }} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}{hellos}"
        "    drop\n"
        "  }\n"
    )


# --- the daemon


class TailscaleNode:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.loaded: tuple[dict[str, Any], str] | None = None
        self.carries = False
        self.ear: socket.socket | None = None
        self.heard: dict[str, float] = {}
        self.began = time.monotonic()
        self.looked = self.sent = 0.0
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.listen()
            self.greet()
            self.trouble = ""
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (BackboneError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        config: dict[str, Any] = json.loads(Path(self.folder, CONFIG).read_text())
        found, carries = (config, Path(self.folder, KEY).read_text()), self.is_to_carry(config)
        if (found, carries) == (self.loaded, self.carries) and self.runs():
            return
        before, self.loaded = self.loaded, None
        self.set_up(config)
        log_in(config, self.folder, carries)
        notify("READY=1")
        if found != before:
            say(f"{own_name(config)} is up at {own_address(config)}")
        if carries:
            say(f"{own_name(config)} carries {config['network']}")
        self.loaded, self.carries = found, carries

    def set_up(self, config: dict[str, Any]) -> None:
        run("nft", "-f", "-", text=rules(config))
        set_address(own_address(config))
        if network := config.get("network"):
            keep_own_network(network)

    def runs(self) -> bool:
        """Whether the daemon is logged in; with networks it is asked less often than called."""
        now = time.monotonic()
        if self.ear and now - self.looked < LOOK_SECONDS:
            return True
        self.looked = now
        return state() == "Running"

    def is_to_carry(self, config: dict[str, Any]) -> bool:
        """Whether all nodes are silent that are to carry the site's network before this one."""
        if not config.get("network"):
            return False
        names, now = list(config["addresses"]), time.monotonic()
        before = names[: names.index(own_name(config))]
        return all(now - self.heard.get(each, self.began) >= SILENT_SECONDS for each in before)

    def listen(self) -> None:
        if self.loaded and self.loaded[0].get("network"):
            own = own_address(self.loaded[0]).partition("/")[0]
            if self.ear is None or self.ear.getsockname()[0] != own:
                self.ear = listening(own, HELLO_PORT)
            self.heard.update((name, time.monotonic()) for name, _ in heard(self.ear))

    def greet(self) -> None:
        """Say to the other nodes of the site that this one is there."""
        if self.ear and self.loaded and time.monotonic() - self.sent >= HELLO_SECONDS:
            config = self.loaded[0]
            nodes = config["addresses"].items()
            others = [{"address": where} for name, where in nodes if name != own_name(config)]
            hello(others, HELLO_PORT, own_name(config))
            self.sent = time.monotonic()

    @property
    def pause(self) -> float:
        """How many seconds may pass until it looks again."""
        return LOOK_SECONDS if self.loaded and not self.loaded[0].get("network") else 1

    def complain(self, text: str) -> None:
        if text != self.trouble:
            self.trouble = text
            say(text)


def main(folder: str) -> None:
    node = TailscaleNode(folder)
    while True:
        node.turn()
        time.sleep(node.pause)


if __name__ == "__main__":
    main(sys.argv[1])
