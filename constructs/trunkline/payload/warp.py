"""Joins a machine to the backbone with Cloudflare Mesh: its address, its registration, a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `nft`, and `warp-cli`
with its daemon. Usage: warp FOLDER, in which `sync.py` keeps `backbone.json`, which
`backbone/warp.py` describes, and `backbone-key`, the token of the machine's connector.

The machine's address on the overlay lies on its loopback interface, and a route of the connector
takes it to the others. The daemon keeps its registration; the token is used where it has none, or
one of another token. It does not connect before its profile says that the overlay alone goes
through Cloudflare: by another profile all that the machine sends may go there.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONFIG, TOKEN = "backbone.json", "backbone-key"
# Of the service, and kept: which token the daemon has registered with.
STATE, REGISTERED = "/var/lib/trunkline-backbone", "registered"
INTERFACE = "CloudflareWARP"
LABEL = "lo:backbone"
LOOK_SECONDS = 10
TABLE = "trunkline_backbone"
CONNECTED, CONNECTING = "Connected", "Connecting"


class WarpError(Exception):
    """Something is not as it should be; the message says what, without any token."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


def run(*command: str, text: str = "") -> str:
    """What a command prints; WarpError with its last words where it fails."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=90, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise WarpError(f"{command[0]}: {said}")
    return done.stdout.strip()


def warp(*arguments: str) -> str:
    """What `warp-cli` prints; the token is in the third of the arguments, and in no message."""
    try:
        return run("warp-cli", "--accept-tos", *arguments)
    except WarpError as error:
        said = str(error).partition(": ")[2]
        raise WarpError(f"warp-cli {' '.join(arguments[:2])}: {said}") from None


def own_name(config: dict[str, Any]) -> str:
    name: str = config["names"][config["zone"]]
    return name


def own_address(config: dict[str, Any]) -> str:
    return f"{config['addresses'][own_name(config)]}/32"


def set_address(address: str) -> None:
    """Put the machine's address on the overlay in the place of any that it had before."""
    run("ip", "address", "flush", "dev", "lo", "label", LABEL)
    run("ip", "address", "add", address, "dev", "lo", "label", LABEL)


def status() -> str:
    """What the daemon says of its connection, `Connected` first where it has one."""
    return warp("status").partition("Status update: ")[2]


def is_registered() -> bool:
    """Whether the daemon has a registration, of whichever token."""
    try:
        warp("registration", "show")
    except WarpError:
        return False
    return True


def register(token: str) -> None:
    """Have the daemon registered with the token, once."""
    status()  # a daemon that does not answer yet may have a registration
    kept = Path(STATE, REGISTERED)
    mark = hashlib.sha256(token.encode()).hexdigest()
    if is_registered():
        if kept.exists() and kept.read_text() == mark:
            return
        warp("registration", "delete")
    warp("connector", "new", token)
    kept.write_text(mark)


def is_led(config: dict[str, Any]) -> bool:
    """Whether the machine's profile leads the overlay through Cloudflare, and little else."""
    said = warp("settings")
    return "Include mode" in said and config["overlay"] in said


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
        # Cloudflare's addresses are its nodes', and come from nowhere else.
        f'    iifname != {{ "lo", "{INTERFACE}" }} ip saddr {config["mesh"]} drop\n'
        f'    iifname != "{INTERFACE}" return\n'
        "    ct state established,related accept\n"
        f"    ip daddr != {own_address(config)} drop\n"
        f"    ip saddr != {{ {config['overlay']}, {config['mesh']} }} drop\n"
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


class WarpNode:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.prepared: tuple[dict[str, Any], str] | None = None
        self.up = False
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.join()
            self.trouble = ""
        except FileNotFoundError as error:
            told = Path(error.filename or "").name in (CONFIG, TOKEN)
            self.complain("the configuration is not there yet" if told else str(error))
        except (WarpError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def join(self) -> None:
        config: dict[str, Any] = json.loads(Path(self.folder, CONFIG).read_text())
        self.prepare(config, Path(self.folder, TOKEN).read_text().strip())
        found = status()
        if not found.startswith(CONNECTED):
            self.up = False
            self.connect(config, found)
        elif not self.up:
            self.up = True
            notify("READY=1")
            say(f"{own_name(config)} is up at {own_address(config)}")

    def prepare(self, config: dict[str, Any], token: str) -> None:
        if self.prepared == (config, token):
            return
        self.prepared, self.up = None, False
        run("nft", "-f", "-", text=rules(config))
        set_address(own_address(config))
        register(token)
        self.prepared = config, token

    def connect(self, config: dict[str, Any], found: str) -> None:
        if not is_led(config):
            raise WarpError(f"no profile leads {config['overlay']} here yet: apply routing")
        if not found.startswith(CONNECTING):
            warp("connect")
        raise WarpError(f"not connected yet: {found}")

    def complain(self, text: str) -> None:
        self.up = False
        if text != self.trouble:
            self.trouble = text
            say(text)


def main(folder: str) -> None:
    node = WarpNode(folder)
    while True:
        node.turn()
        time.sleep(LOOK_SECONDS if node.up else 1)


if __name__ == "__main__":
    main(sys.argv[1])
