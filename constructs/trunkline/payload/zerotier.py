"""Joins a machine to the backbone with ZeroTier: its identity, its network, and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `nft`, and
`zerotier-one` with `zerotier-cli`. Usage: zerotier FOLDER HOME: in FOLDER `sync.py` keeps
`backbone.json`, which `backbone/zerotier.py` describes, and `backbone-key`, the machine's own keys:
64 hexadecimal digits each, with commas between. HOME is where the daemon's files go; the private
half of the identity is made there from the key.

The network's controller, at ZeroTier's, has to let the machine in and give it its address; until
then the program says what is missing.
"""

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

CONFIG, KEYS = "backbone.json", "backbone-key"
INTERFACE = "tl0"
TABLE = "trunkline_backbone"
# Which of a key's candidates fits is for luck: one in 15 does, and out of so many surely one.
CANDIDATES = 500
# Every node sends this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
DISCARD = 9  # the port of what nobody reads; nodes drop it
LOOK_SECONDS = 10
SHORT_LOOK_SECONDS = 1  # until the network has let the machine in
END_SECONDS = 10


class ZeroTierError(Exception):
    """Something is not as it should be; the message says what, without any key."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


def read(folder: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration, and the private keys, the newest first."""
    config: dict[str, Any] = json.loads(Path(folder, CONFIG).read_text())
    texts = Path(folder, KEYS).read_text().strip().split(",")
    return config, [text for text in texts if text]


def own_node(config: dict[str, Any]) -> dict[str, Any]:
    name = config["names"][config["zone"]]
    [found] = [node for node in config["nodes"] if node["name"] == name]
    return dict(found)


def others(config: dict[str, Any]) -> list[dict[str, Any]]:
    name = config["names"][config["zone"]]
    return [node for node in config["nodes"] if node["name"] != name]


# --- the identity


def private_half(key: str, candidate: int) -> bytes:
    """What an identity may be made of: 32 bytes for X25519, then 32 for Ed25519."""
    text = f"trunkline zerotier identity {candidate}".encode()
    return hmac.new(bytes.fromhex(key), text, hashlib.sha512).digest()


@lru_cache(2 * CANDIDATES)
def public_half(private: bytes) -> bytes:
    """X25519 with the base point 9 (RFC 7748, section 5)."""
    prime = 2**255 - 19
    scalar = int.from_bytes(private, "little") & ~7 & (2**254 - 1) | 2**254
    x2, z2, x3, z3 = 1, 0, 9, 1
    for bit in range(254, -1, -1):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        plus, minus = x2 + z2, x2 - z2
        one, two = (x3 - z3) * plus, (x3 + z3) * minus
        x3, z3 = (one + two) ** 2 % prime, 9 * (one - two) ** 2 % prime
        square, other = plus * plus % prime, minus * minus % prime
        x2, z2 = square * other % prime, (square - other) * (square + 121665 * (square - other))
        z2 %= prime
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    inverse: int = pow(z2, -1, prime)
    return (x2 * inverse % prime).to_bytes(32, "little")


def secret_identity(config: dict[str, Any], keys: list[str]) -> str:
    """The identity of the newest key that the nodes file knows, with its private half."""
    publics = {text.split(":")[2][:64]: text for text in own_node(config)["identities"]}
    for key in keys:
        for candidate in range(CANDIDATES):
            private = private_half(key, candidate)
            if identity := publics.get(public_half(private[:32]).hex()):
                return f"{identity}:{private.hex()}"
    raise ZeroTierError("the nodes file knows none of this machine's keys")


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
        f'    iifname != "{INTERFACE}" return\n'
        # The network is an Ethernet, and carries IPv6 as well.
        "    meta nfproto != ipv4 drop\n"
        "    ct state established,related accept\n"
        f"    ip saddr != {config['overlay']} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}"
        "    drop\n"
        "  }\n"
        "}\n"
    )


# --- the daemon


def command(*words: str, text: str = "") -> str:
    """What a command prints; ZeroTierError with its last words where it fails."""
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise ZeroTierError(f"{' '.join(words[:3])}: {said}")
    return done.stdout.strip()


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


class ZeroTierMember:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str, home: str) -> None:
        self.folder, self.home = folder, home
        self.loaded: tuple[dict[str, Any], list[str]] | None = None
        self.files: dict[str, str] = {}
        self.daemon: subprocess.Popen[bytes] | None = None
        self.looked = self.sent = 0.0
        self.up = False
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.look()
            self.keep_open()
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (ZeroTierError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        """Take what is new in the files; another identity or network starts the daemon anew."""
        if self.daemon is not None and self.daemon.poll() is not None:
            sys.exit("zerotier-one has ended")  # systemd starts both again
        found = read(self.folder)
        if found == self.loaded:
            return
        config, keys = found
        command("nft", "-f", "-", text=rules(config))
        wanted = files(config, secret_identity(config, keys))
        if wanted != self.files:
            self.start(wanted)
        self.loaded, self.up, self.looked = found, False, 0.0
        notify("READY=1")

    def start(self, wanted: dict[str, str]) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(END_SECONDS)
            self.daemon = None
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
        networks = json.loads(command("zerotier-cli", f"-D{self.home}", "-j", "listnetworks"))
        found = {network["nwid"]: network for network in networks}
        why = fault(config, found.get(config["network_id"], {}), self.files["identity.public"])
        if why:
            self.up = False
            raise ZeroTierError(why)
        # What the network itself says would have each packet split.
        longest = max(node["mtu"] for node in config["nodes"])
        command("ip", "link", "set", INTERFACE, "mtu", str(longest))
        if not self.up:
            for node in others(config):
                route = f"{node['address']}/32"
                command("ip", "route", "replace", route, "dev", INTERFACE, "mtu", str(node["mtu"]))
            say(f"{own_node(config)['name']} is up, {len(others(config))} other node(s)")
        self.up, self.trouble = True, ""

    def keep_open(self) -> None:
        """Send every other node a datagram, so that the way to it stays open."""
        if not self.loaded or not self.up or time.monotonic() - self.sent < KEEPALIVE_SECONDS:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for node in others(self.loaded[0]):
                with contextlib.suppress(OSError):
                    sender.sendto(b"", (node["address"], DISCARD))
        self.sent = time.monotonic()

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
