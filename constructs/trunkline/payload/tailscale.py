"""Joins a machine to the backbone with Tailscale: its address, its log-in, and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `nft`, and `tailscale`
with its daemon. Usage: tailscale FOLDER, in which `sync.py` keeps `backbone.json`, which
`backbone/tailscale.py` describes, and `backbone-key`, the operator's auth key.

The machine's address on the overlay lies on its loopback interface, and Tailscale takes it to the
others as a subnet of one address. The daemon keeps the keys that it has made; the auth key is asked
for where it has none.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONFIG, KEY = "backbone.json", "backbone-key"
INTERFACE = "tailscale0"
LABEL = "lo:backbone"
LOOK_SECONDS = 10
LOGIN_SECONDS = 60
TABLE = "trunkline_backbone"
# Where Tailscale gives machines addresses of its own: https://tailscale.com/kb/1015/100.x-addresses
OWN_RANGE = "100.64.0.0/10"


class TailscaleError(Exception):
    """Something is not as it should be; the message says what, without any key."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


def run(*command: str, text: str = "") -> str:
    """What a command prints; TailscaleError with its last words where it fails."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=LOGIN_SECONDS + 30, check=False
    )
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise TailscaleError(f"{' '.join(command[:2])}: {said}")
    return done.stdout.strip()


def own_name(config: dict[str, Any]) -> str:
    name: str = config["names"][config["zone"]]
    return name


def own_address(config: dict[str, Any]) -> str:
    return f"{config['addresses'][own_name(config)]}/32"


def set_address(address: str) -> None:
    """Put the machine's address on the overlay in the place of any that it had before."""
    run("ip", "address", "flush", "dev", "lo", "label", LABEL)
    run("ip", "address", "add", address, "dev", "lo", "label", LABEL)


def log_in(config: dict[str, Any], folder: str) -> None:
    """Tell the daemon all that it is to do; with keys of its own it does not use the auth key."""
    run(
        *("tailscale", "up", "--reset", f"--auth-key=file:{folder}/{KEY}"),
        *(f"--hostname=trunkline-{own_name(config)}", f"--advertise-tags={config['tag']}"),
        *(f"--advertise-routes={own_address(config)}", "--accept-routes", "--accept-dns=false"),
        # What may come in is said by `rules`.
        *("--netfilter-mode=off", f"--timeout={LOGIN_SECONDS}s"),
    )


def state() -> str:
    """What the daemon says of itself; `Running` where it has logged in."""
    found: str = json.loads(run("tailscale", "status", "--json"))["BackendState"]
    return found


def rules(config: dict[str, Any]) -> str:
    """What may come in from the backbone: pings, and connections to the edge's own ports."""
    ports = ", ".join(str(port) for port in config["ports"])
    accept = f"    tcp dport {{ {ports} }} accept\n" if ports else ""
    return (
        f"table inet {TABLE} {{}}\n"
        f"delete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n"
        "  chain forward {\n"
        "    type filter hook forward priority 0; policy accept;\n"
        f'    iifname "{INTERFACE}" drop\n'
        f'    oifname "{INTERFACE}" drop\n'
        "  }\n"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        # Tailscale's addresses are its own machines', and come from nowhere else.
        f'    iifname != {{ "lo", "{INTERFACE}" }} ip saddr {OWN_RANGE} drop\n'
        f'    iifname != "{INTERFACE}" return\n'
        "    ct state established,related accept\n"
        f"    ip daddr != {own_address(config)} drop\n"
        f"    ip saddr != {{ {config['overlay']}, {OWN_RANGE} }} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}"
        "    drop\n"
        "  }\n"
        "}\n"
    )


# --- the daemon


def notify(text: str) -> None:
    """Tell systemd, where it listens (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect("\0" + address[1:] if address.startswith("@") else address)
            client.send(text.encode())


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    notify(f"STATUS={text}")


class TailscaleNode:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.loaded: tuple[dict[str, Any], str] | None = None
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.trouble = ""
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (TailscaleError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        config: dict[str, Any] = json.loads(Path(self.folder, CONFIG).read_text())
        found = config, Path(self.folder, KEY).read_text()
        if found == self.loaded and state() == "Running":
            return
        self.loaded = None
        run("nft", "-f", "-", text=rules(config))
        set_address(own_address(config))
        log_in(config, self.folder)
        self.loaded = found
        notify("READY=1")
        say(f"{own_name(config)} is up at {own_address(config)}")

    def complain(self, text: str) -> None:
        if text != self.trouble:
            self.trouble = text
            say(text)


def main(folder: str) -> None:
    node = TailscaleNode(folder)
    while True:
        node.turn()
        time.sleep(LOOK_SECONDS if node.loaded else 1)


if __name__ == "__main__":
    main(sys.argv[1])
