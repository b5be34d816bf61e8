"""Joins a machine to the backbone with ZeroTier: its identity, its network, and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `nft`, and
`zerotier-one` with `zerotier-cli`. Usage: zerotier FOLDER HOME: in FOLDER `sync.py` keeps
`backbone.json`, which `backbone/zerotier.py` describes, and `backbone-key`, the machine's own keys:
64 hexadecimal digits each, with commas between. HOME is where the daemon's files go; the private
half of the identity is made there from the key.

The network's controller, at ZeroTier's, has to let the machine in and give it its address; until
then the program says what is missing.
"""

import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from trunkline.payload.node import (
    HELLO_SECONDS,
    BackboneError,
    carriers,
    forwarding,
    heard,
    hello,
    listening,
    network_nodes,
    notify,
    others,
    own_name,
    own_network,
    own_node,
    run,
    say,
    table,
)
from trunkline.payload.x25519 import public_half

CONFIG, KEYS = "backbone.json", "backbone-key"
INTERFACE = "tl0"
# Which of a key's candidates fits is for luck: one in 15 does, and out of so many surely one.
CANDIDATES = 500
# Every node sends this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
HELLO_PORT = 51821  # where nodes say on the overlay that they are there
ROUTES = "84"  # the protocol number of the routes to networks, by which they are known again
LOOK_SECONDS = 10
SHORT_LOOK_SECONDS = 1  # until the network has let the machine in
END_SECONDS = 10


def read(folder: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration, and the private keys, the newest first."""
    config: dict[str, Any] = json.loads(Path(folder, CONFIG).read_text())
    texts = Path(folder, KEYS).read_text().strip().split(",")
    return config, [text for text in texts if text]


# --- the identity


def private_half(key: str, candidate: int) -> bytes:
    """What an identity may be made of: 32 bytes for X25519, then 32 for Ed25519."""
    text = f"trunkline zerotier identity {candidate}".encode()
    return hmac.new(bytes.fromhex(key), text, hashlib.sha512).digest()


@lru_cache(2 * CANDIDATES)
def public_part(key: str, candidate: int) -> str:
    """What an identity says of a candidate: its public half of X25519."""
    return public_half(private_half(key, candidate)[:32]).hex()


def secret_identity(config: dict[str, Any], keys: list[str]) -> str:
    """The identity of the newest key that the nodes file knows, with its private half."""
    publics = {text.split(":")[2][:64]: text for text in own_node(config)["identities"]}
    for key in keys:
        for candidate in range(CANDIDATES):
            if identity := publics.get(public_part(key, candidate)):
                return f"{identity}:{private_half(key, candidate).hex()}"
    raise BackboneError("the nodes file knows none of this machine's keys")


# --- the daemon's files


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """https://docs.zerotier.com/config/: one port, and no way over another overlay."""
    return {
        "settings": {
            "primaryPort": config["port"],
            "allowSecondaryPort": False,
            "portMappingEnabled": False,
            "allowTcpFallbackRelay": False,
            "softwareUpdate": "disable",
            "interfacePrefixBlacklist": [INTERFACE, "zt", "wg", "tailscale", "nebula"],
        }
    }


def files(config: dict[str, Any], secret: str) -> dict[str, str]:
    """What the daemon reads as it starts; an empty file of a network's name has it joined."""
    network = config["network_id"]
    return {
        "identity.secret": secret,
        "identity.public": secret.rpartition(":")[0],
        "local.conf": json.dumps(settings(config)),
        "devicemap": f"{network}={INTERFACE}\n",
        f"networks.d/{network}.conf": "",
        f"networks.d/{network}.local.conf": (
            "allowManaged=1\nallowGlobal=0\nallowDefault=0\nallowDNS=0\n"
        ),
    }


def put(home: str, wanted: dict[str, str]) -> None:
    """Write the files in the place of those of an earlier identity or network."""
    for entry in Path(home).iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name, text in wanted.items():
        path = Path(home, name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_text(text)


# --- the firewall


def rules(config: dict[str, Any]) -> str:
    """What may come in from the backbone: pings, hellos, and connections to the edge's ports."""
    ports = ", ".join(str(port) for port in config["ports"])
    accept = f"    tcp dport {{ {ports} }} accept\n" if ports else ""
    own = own_node(config).get("network")
    to = {network: nodes[0]["mtu"] for network, nodes in network_nodes(config).items()}
    hellos = f"    udp dport {HELLO_PORT} accept\n" if own else ""
    return table(
        f"{forwarding(own, to, INTERFACE)}"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        f"{own_network(own, config.get('own_ports', ()), INTERFACE)}"
        f'    iifname != "{INTERFACE}" return\n'
        # The network is an Ethernet, and carries IPv6 as well.
        "    meta nfproto != ipv4 drop\n"
        "    ct state established,related accept\n"
        f"    ip saddr != {config['overlay']} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}{hellos}"
        "    drop\n"
        "  }\n"
    )


# --- the daemon


def fault(config: dict[str, Any], found: dict[str, Any], identity: str) -> str:
    """Why the network is no use yet; empty where it is. `found` is what the daemon says of it."""
    network, own = config["network_id"], own_node(config)["address"]
    status = found.get("status", "REQUESTING_CONFIGURATION")
    if status == "ACCESS_DENIED":
        member = identity.partition(":")[0]
        return f"the network {network} does not let this machine in yet: authorize {member} in it"
    if status != "OK":
        return f"the network {network} is not there yet: {status}"
    given = [text.partition("/")[0] for text in found.get("assignedAddresses", ())]
    if own not in given:
        return f"the network {network} does not give this machine its address, {own}"
    return ""


class ZeroTierMember:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str, home: str) -> None:
        self.folder, self.home = folder, home
        self.loaded: tuple[dict[str, Any], list[str]] | None = None
        self.files: dict[str, str] = {}
        self.daemon: subprocess.Popen[bytes] | None = None
        self.ear: socket.socket | None = None
        self.heard: dict[str, float] = {}
        self.carried: dict[str, str] = {}
        self.looked = self.sent = 0.0
        self.up = False
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.look()
            self.greet()
            self.listen()
            self.choose()
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (BackboneError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        """Take what is new in the files; another identity or network starts the daemon anew."""
        if self.daemon is not None and self.daemon.poll() is not None:
            sys.exit("zerotier-one has ended")  # systemd starts both again
        found = read(self.folder)
        if found == self.loaded:
            return
        config, keys = found
        run("nft", "-f", "-", text=rules(config))
        wanted = files(config, secret_identity(config, keys))
        if wanted != self.files:
            self.start(wanted)
        self.loaded, self.up, self.looked = found, False, 0.0
        notify("READY=1")

    def start(self, wanted: dict[str, str]) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(END_SECONDS)
            # Its interface is gone with it, and what led there.
            self.daemon, self.ear, self.carried = None, None, {}
        put(self.home, wanted)
        # -U: the service's own user and powers are what it is to have.
        words = ("zerotier-one", "-U", self.home)
        self.daemon = subprocess.Popen(words)
        self.files = wanted

    def look(self) -> None:
        """See whether the network has let the machine in, and set how long packets may be."""
        patience = LOOK_SECONDS if self.up else SHORT_LOOK_SECONDS
        if not self.loaded or time.monotonic() - self.looked < patience:
            return
        self.looked = time.monotonic()
        config, _ = self.loaded
        networks = json.loads(run("zerotier-cli", f"-D{self.home}", "-j", "listnetworks"))
        found = {network["nwid"]: network for network in networks}
        why = fault(config, found.get(config["network_id"], {}), self.files["identity.public"])
        if why:
            self.up = False
            raise BackboneError(why)
        # What the network itself says would have each packet split.
        longest = max(node["mtu"] for node in config["nodes"])
        run("ip", "link", "set", INTERFACE, "mtu", str(longest))
        if not self.up:
            for node in others(config):
                route = f"{node['address']}/32"
                run("ip", "route", "replace", route, "dev", INTERFACE, "mtu", str(node["mtu"]))
            say(f"{own_name(config)} is up, {len(others(config))} other node(s)")
        self.up, self.trouble = True, ""

    def greet(self) -> None:
        """Send every other node a datagram, so that the way to it stays open and it hears of us."""
        if not self.loaded or not self.up:
            return
        config = self.loaded[0]
        patience = HELLO_SECONDS if network_nodes(config) else KEEPALIVE_SECONDS
        if time.monotonic() - self.sent >= patience:
            hello(others(config), HELLO_PORT)
            self.sent = time.monotonic()

    def listen(self) -> None:
        """See who is there, where that decides who carries a network."""
        if not self.loaded or not self.up or not network_nodes(self.loaded[0]):
            return
        own = own_node(self.loaded[0])["address"]
        if self.ear is None or self.ear.getsockname()[0] != own:
            self.ear = listening(own, HELLO_PORT)
        names = {node["address"]: node["name"] for node in others(self.loaded[0])}
        for _, address in heard(self.ear):
            if address in names:
                self.heard[names[address]] = time.monotonic()

    def choose(self) -> None:
        """Lead each network to the node that carries it."""
        if not self.loaded or not self.up:
            return
        config = self.loaded[0]
        wanted = carriers(config, self.heard, time.monotonic())
        if wanted == self.carried:
            return
        nodes = {node["name"]: node for node in config["nodes"]}
        for name, network in wanted.items():
            way = ("via", nodes[name]["address"], "dev", INTERFACE, "mtu", str(nodes[name]["mtu"]))
            run("ip", "route", "replace", network, *way, "proto", ROUTES)
            say(f"{name} carries {network}")
        for network in {*self.carried.values()} - {*wanted.values()}:
            run("ip", "route", "delete", network, "proto", ROUTES)
        self.carried = wanted

    def complain(self, text: str) -> None:
        if text != self.trouble:
            self.trouble = text
            say(text)


def main(folder: str, home: str) -> None:
    member = ZeroTierMember(folder, home)
    while True:
        member.turn()
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
