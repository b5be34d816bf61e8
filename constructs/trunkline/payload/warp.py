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
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trunkline.payload.node import (
    BackboneError,
    forwarding,
    notify,
    own_name,
    run,
    say,
    table,
)

CONFIG, TOKEN = "backbone.json", "backbone-key"
# Of the service, and kept: which token the daemon has registered with.
STATE, REGISTERED = "/var/lib/trunkline-backbone", "registered"
INTERFACE = "CloudflareWARP"
LABEL = "lo:backbone"
LOOK_SECONDS = 10
SECONDS = 90  # for a registration, which asks Cloudflare
CONNECTED, CONNECTING = "Connected", "Connecting"


def warp(*arguments: str) -> str:
    """What `warp-cli` prints; a failure names the first of the arguments, and so no token."""
    return run("warp-cli", "--accept-tos", *arguments, seconds=SECONDS)


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
    except BackboneError:
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
    return table(
        f"{forwarding(None, {}, INTERFACE)}"
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
    )


# --- the daemon


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
        except (BackboneError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
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
            raise BackboneError(f"no profile leads {config['overlay']} here yet: apply routing")
        if not found.startswith(CONNECTING):
            warp("connect")
        raise BackboneError(f"not connected yet: {found}")

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
