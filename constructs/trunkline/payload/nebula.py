"""Joins a machine to the backbone with Nebula: writes its files, runs it, keeps its paths open.

A machine gets this program as one file; it needs the standard library, `ip` and `nebula`, and `nft`
where nodes carry networks. Usage: nebula FOLDER RUN: in FOLDER `sync.py` keeps `backbone.json`,
which `backbone/nebula.py` describes, and `backbone-key`, the machine's own private keys: 64
hexadecimal digits each, with commas between. RUN is where Nebula's files go.

New keys, certificates, authorities, nodes and ports are taken without a restart (SIGHUP). So are
routes, from Nebula 1.9 on; an earlier one is restarted when another node carries a network. That
ends no connection.
"""

import base64
import contextlib
import json
import re
import signal
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
    carriers,
    heard,
    hello,
    listening,
    network_nodes,
    notify,
    others,
    own_node,
    rules,
    run,
    say,
    shares_network,
)
from trunkline.payload.x25519 import public_half

CONFIG, KEYS = "backbone.json", "backbone-key"
INTERFACE = "tl0"
# Every node sends this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
RESOLVE_SECONDS = 10
HELLO_PORT = 51821  # where nodes say on the overlay that they are there
# Until a node is trusted again that was silent: taking a network back may interrupt traffic.
STEADY_SECONDS = 10


def read(folder: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration, and the private keys, the newest first."""
    config: dict[str, Any] = json.loads(Path(folder, CONFIG).read_text())
    texts = Path(folder, KEYS).read_text().strip().split(",")
    return config, [text for text in texts if text]


def names_by_address(config: dict[str, Any]) -> dict[str, str]:
    return {node["address"]: node["name"] for node in others(config)}


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


def settings(
    config: dict[str, Any], run: str, addresses: dict[str, str], carried: dict[str, str]
) -> dict[str, Any]:
    """Nebula's configuration (https://nebula.defined.net/docs/config/).

    `carried` has the network that each node carries, by its name.
    """
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
        "tun": {
            "dev": INTERFACE,
            "mtu": longest(config),
            "drop_multicast": True,
            "unsafe_routes": routes(config, carried),
        },
        "logging": {"level": "warning", "format": "text"},
        "firewall": firewall(config),
    }


def routes(config: dict[str, Any], carried: dict[str, str]) -> list[dict[str, Any]]:
    """The way to each network that a node carries."""
    nodes = {node["name"]: node for node in config["nodes"]}
    return [
        {"route": network, "via": nodes[name]["address"], "mtu": nodes[name]["mtu"]}
        for name, network in carried.items()
    ]


def firewall(config: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Who may send what: nodes of the group to the edge's ports, and networks to the own one.

    A node may send for a network alone that its certificate names. Nebula before 1.9 knows no
    `local_cidr` and lets networks in to the edge too: there nft drops that.
    """
    group, outbound = config["group"], {"port": "any", "proto": "any", "host": "any"}
    inbound = [
        {"port": "any", "proto": "icmp", "group": group},
        *({"port": port, "proto": "tcp", "group": group} for port in config["ports"]),
    ]
    if not (own := own_node(config).get("network")):
        return {"outbound": [outbound], "inbound": inbound}
    any_ = {"port": "any", "proto": "any", "local_cidr": own}
    return {
        "outbound": [outbound, {**outbound, "local_cidr": own}],
        "inbound": [
            *inbound,
            {"port": HELLO_PORT, "proto": "udp", "group": group},
            *({**any_, "cidr": network} for network in network_nodes(config)),
        ],
    }


def longest(config: dict[str, Any]) -> int:
    found: int = max(node["mtu"] for node in config["nodes"])
    return found


def pem(kind: str, text: str) -> str:
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN NEBULA {kind}-----", *lines, f"-----END NEBULA {kind}-----", ""])


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
    raise BackboneError("the nodes file knows none of this machine's keys")


def put(run: str, files: dict[str, str]) -> None:
    """Write the files that have changed."""
    for name, text in files.items():
        path = Path(run, name)
        if path.exists() and path.read_text() == text:
            continue
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(0o600)
        new.write_text(text)
        new.rename(path)


# --- the daemon


def reloads_routes() -> bool:
    """Whether Nebula takes new routes without a restart, as from 1.9 on."""
    found = re.search(r"(\d+)\.(\d+)", run("nebula", "-version"))
    return found is not None and (int(found[1]), int(found[2])) >= (1, 9)


class Heard:
    """When each node was last heard, by its name, once it has been heard for a while."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.since: dict[str, float] = {}

    def add(self, name: str, now: float) -> None:
        if now - self.last.get(name, -SILENT_SECONDS) >= SILENT_SECONDS:
            self.since[name] = now
        self.last[name] = now
        if now - self.since[name] >= STEADY_SECONDS:
            self.times[name] = now


class NebulaMember:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str, run: str) -> None:
        self.folder, self.run = folder, run
        self.loaded: tuple[dict[str, Any], list[str]] | None = None
        self.applied: dict[str, str] = {}
        self.addresses: dict[str, str] = {}
        self.nebula: subprocess.Popen[bytes] | None = None
        self.heard = Heard()
        self.ear: socket.socket | None = None
        self.carried: dict[str, str] = {}
        self.resolved = self.sent = 0.0
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.keep_open()
            self.listen()
            self.trouble = ""
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (BackboneError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        """Take what is new in the files, in what the names of the nodes mean, and who is there."""
        found = read(self.folder)
        config, keys = found
        carried = carriers(config, self.heard.times, time.monotonic())
        late = time.monotonic() - self.resolved > RESOLVE_SECONDS
        if (found, carried) == (self.loaded, self.carried) and not late:
            return
        self.addresses = resolve(config, self.addresses)
        self.resolved = time.monotonic()
        self.apply(config, carried, secrets(config, keys))
        self.say_what_is_new(found, carried)
        self.loaded, self.carried = found, carried

    def apply(
        self, config: dict[str, Any], carried: dict[str, str], secret: dict[str, str]
    ) -> None:
        made = settings(config, self.run, self.addresses, carried)
        tun, rest = json.dumps(made["tun"]), json.dumps({**made, "tun": None})
        wanted = {**secret, "tun": tun, "rest": rest}
        if wanted == self.applied and self.nebula:
            return
        file = f"{self.run}/config.yml"
        put(self.run, {**secret, "config.yml": json.dumps(made)})
        run("nebula", "-test", "-config", file)
        self.set_firewall(config)
        if tun != self.applied.get("tun", tun) and not reloads_routes():
            self.end()
        if self.nebula is None:
            self.start(file)
        else:
            self.nebula.send_signal(signal.SIGHUP)
        self.set_routes(config)
        self.applied = wanted

    def set_firewall(self, config: dict[str, Any]) -> None:
        """Without networks, Nebula's own rules are enough: nothing is forwarded."""
        if own_node(config).get("network"):
            hellos = f"    udp dport {HELLO_PORT} accept\n"
            run("nft", "-f", "-", text=rules(config, INTERFACE, hellos))

    def set_routes(self, config: dict[str, Any]) -> None:
        """How long a packet may be on the way to each node."""
        run("ip", "link", "set", INTERFACE, "mtu", str(longest(config)))
        for node in others(config):
            route = f"{node['address']}/32"
            run("ip", "route", "replace", route, "dev", INTERFACE, "mtu", str(node["mtu"]))

    def start(self, file: str) -> None:
        """Start Nebula, and wait until its interface is there: 10 s at most."""
        command = ("nebula", "-config", file)
        self.nebula = subprocess.Popen(command)
        for _ in range(100):
            if INTERFACE in run("ip", "-o", "-4", "address"):
                return
            time.sleep(0.1)
        raise BackboneError(f"nebula has made no interface {INTERFACE}")

    def end(self) -> None:
        if self.nebula:
            self.nebula.terminate()
            self.nebula.wait(10)
        self.nebula = None

    def say_what_is_new(
        self, found: tuple[dict[str, Any], list[str]], carried: dict[str, str]
    ) -> None:
        config = found[0]
        if found != self.loaded:
            notify("READY=1")
            say(f"{own_node(config)['name']} is up, {len(others(config))} other node(s)")
        for name, network in carried.items():
            if self.carried and self.carried.get(name) != network:
                say(f"{name} carries {network}")

    def listen(self) -> None:
        """See who says that it is there, where that decides who carries a network."""
        if not self.loaded or not network_nodes(self.loaded[0]):
            return
        own, names = own_node(self.loaded[0])["address"], names_by_address(self.loaded[0])
        if self.ear is None or self.ear.getsockname()[0] != own:
            self.ear = listening(own, HELLO_PORT)
        for _, address in heard(self.ear):
            if address in names:
                self.heard.add(names[address], time.monotonic())

    def keep_open(self) -> None:
        """Send every other node a datagram: Nebula shakes hands then, or keeps the path open."""
        if self.nebula is not None and self.nebula.poll() is not None:
            sys.exit("nebula has ended")  # systemd starts both again
        if not self.loaded:
            return
        config = self.loaded[0]
        each = HELLO_SECONDS if shares_network(config) else KEEPALIVE_SECONDS
        if time.monotonic() - self.sent >= each:
            hello(others(config), HELLO_PORT)
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
