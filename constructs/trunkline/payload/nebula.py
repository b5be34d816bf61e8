"""Joins a machine to the backbone with Nebula: writes its files, runs it, keeps its paths open.

A machine gets this program as one file; it needs the standard library, `ip` and `nebula`. Usage:
nebula FOLDER RUN: in FOLDER `sync.py` keeps `backbone.json`, which `backbone/nebula.py` describes,
and `backbone-key`, the machine's own private keys: 64 hexadecimal digits each, with commas between.
RUN is where Nebula's files go.

New keys, certificates, authorities, nodes and ports are taken without a restart (SIGHUP).
"""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONFIG, KEYS = "backbone.json", "backbone-key"
INTERFACE = "tl0"
# Every node sends this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
RESOLVE_SECONDS = 10
DISCARD = 9  # the port of what nobody reads; nodes drop it


class NebulaError(Exception):
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


def resolve(config: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
    """The public address of each other node; the one from before where its name has none."""
    found = {}
    for node in others(config):
        address = known.get(node["name"])
        with contextlib.suppress(OSError):  # its stack may come later
            address = str(socket.getaddrinfo(node["host"], None, socket.AF_INET)[0][4][0])
        if address:
            found[node["name"]] = address
    return found


# --- Nebula's files


def settings(config: dict[str, Any], run: str, addresses: dict[str, str]) -> dict[str, Any]:
    """Nebula's configuration (https://nebula.defined.net/docs/config/)."""
    group = config["group"]
    hosts = {
        node["address"]: [f"{addresses[node['name']]}:{config['port']}"]
        for node in others(config)
        if node["name"] in addresses
    }
    return {
        "pki": {
            "ca": f"{run}/ca.crt",
            "cert": f"{run}/host.crt",
            "key": f"{run}/host.key",
            "disconnect_invalid": True,
        },
        "static_host_map": hosts,
        "lighthouse": {"am_lighthouse": True, "local_allow_list": {"0.0.0.0/0": False}},
        "listen": {"host": "0.0.0.0", "port": config["port"]},
        "punchy": {"punch": True},
        "tun": {"dev": INTERFACE, "mtu": longest(config), "drop_multicast": True},
        "logging": {"level": "warning", "format": "text"},
        "firewall": {
            "outbound": [{"port": "any", "proto": "any", "host": "any"}],
            "inbound": [
                {"port": "any", "proto": "icmp", "group": group},
                *({"port": port, "proto": "tcp", "group": group} for port in config["ports"]),
            ],
        },
    }


def longest(config: dict[str, Any]) -> int:
    found: int = max(node["mtu"] for node in config["nodes"])
    return found


def pem(kind: str, text: str) -> str:
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN NEBULA {kind}-----", *lines, f"-----END NEBULA {kind}-----", ""])


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


def secrets(config: dict[str, Any], keys: list[str]) -> dict[str, str]:
    """The files of the newest key that has a certificate, and those of the authorities."""
    certificates = {key["public_key"]: key["certificate"] for key in own_node(config)["keys"]}
    for key in map(bytes.fromhex, keys):
        public = base64.b64encode(public_half(key)).decode()
        if public in certificates:
            trusted = [pem("CERTIFICATE", each) for each in config["authorities"]]
            return {
                "host.key": pem("X25519 PRIVATE KEY", base64.b64encode(key).decode()),
                "host.crt": pem("CERTIFICATE", certificates[public]),
                "ca.crt": "".join(trusted),
            }
    raise NebulaError("the nodes file knows none of this machine's keys")


def put(run: str, files: dict[str, str]) -> bool:
    """Write the files that have changed; whether there were any."""
    changed = False
    for name, text in files.items():
        path = Path(run, name)
        if path.exists() and path.read_text() == text:
            continue
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(0o600)
        new.write_text(text)
        new.rename(path)
        changed = True
    return changed


# --- the daemon


def command(*words: str) -> str:
    """What a command prints; NebulaError with its last words where it fails."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise NebulaError(f"{' '.join(words[:3])}: {said}")
    return done.stdout.strip()


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


class NebulaMember:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str, run: str) -> None:
        self.folder, self.run = folder, run
        self.loaded: tuple[dict[str, Any], list[str]] | None = None
        self.addresses: dict[str, str] = {}
        self.nebula: subprocess.Popen[bytes] | None = None
        self.resolved = self.sent = 0.0
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.keep_open()
            self.trouble = ""
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (NebulaError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        """Take what is new in the files or in what the names of the nodes mean."""
        found = read(self.folder)
        late = time.monotonic() - self.resolved > RESOLVE_SECONDS
        if found == self.loaded and not late:
            return
        config, keys = found
        self.addresses = resolve(config, self.addresses)
        self.resolved = time.monotonic()
        text = json.dumps(settings(config, self.run, self.addresses))
        if put(self.run, {**secrets(config, keys), "config.yml": text}) or found != self.loaded:
            self.apply(config)
            notify("READY=1")
            say(f"{own_node(config)['name']} is up, {len(others(config))} other node(s)")
        self.loaded = found

    def apply(self, config: dict[str, Any]) -> None:
        file = f"{self.run}/config.yml"
        command("nebula", "-test", "-config", file)
        if self.nebula is None:
            start = ("nebula", "-config", file)
            self.nebula = subprocess.Popen(start)
            self.wait()
        else:
            self.nebula.send_signal(signal.SIGHUP)
        command("ip", "link", "set", INTERFACE, "mtu", str(longest(config)))
        for node in others(config):
            route = f"{node['address']}/32"
            command("ip", "route", "replace", route, "dev", INTERFACE, "mtu", str(node["mtu"]))

    def wait(self) -> None:
        """Until the interface is there: 10 s at most."""
        for _ in range(100):
            if INTERFACE in command("ip", "-o", "-4", "address"):
                return
            time.sleep(0.1)
        raise NebulaError(f"nebula has made no interface {INTERFACE}")

    def keep_open(self) -> None:
        """Send every other node a datagram: Nebula shakes hands then, or keeps the path open."""
        if self.nebula is not None and self.nebula.poll() is not None:
            sys.exit("nebula has ended")  # systemd starts both again
        if not self.loaded or time.monotonic() - self.sent < KEEPALIVE_SECONDS:
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


def main(folder: str, run: str) -> None:
    mesh = NebulaMember(folder, run)
    while True:
        mesh.turn()
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
