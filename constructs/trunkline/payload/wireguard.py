"""Joins a machine to the backbone with WireGuard: interfaces, peers, routes and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `wg` and `nft`. Usage:
wireguard FOLDER, in which `sync.py` keeps `backbone.json`, which `backbone/wireguard.py` describes,
and `backbone-key`, the machine's own private keys: 64 hexadecimal digits each, with commas between.

Each key of the machine has an interface of its own, named by its UDP port, and each key of another
machine is a peer of all of them. So machines that have a new key already and machines that do not
know it yet understand one another: traffic takes the newest pair of keys that has shaken hands.

Of the nodes that have a `network` both ends choose alike who carries it, since WireGuard takes
packets of a range from one peer alone.
"""

import base64
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from trunkline.payload.node import (
    HELLO_SECONDS,
    BackboneError,
    carriers,
    hello,
    network_nodes,
    notify,
    others,
    own_name,
    own_node,
    rules,
    run,
    say,
    shares_network,
)

CONFIG, KEYS = "backbone.json", "backbone-key"
PREFIX = "tl"  # names of interfaces: tl51820
# WireGuard refuses a session after 180 s; with traffic or keepalives it makes a new one after 120.
FRESH_SECONDS = 180.0
# Both sides send this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
RESOLVE_SECONDS = 10
# A node says here that it is there: a keepalive comes only where nothing else has passed in either
# direction.
HELLO_PORT = 9  # discard: the firewall of the receiver drops it
ROUTES = "84"  # the protocol number of the routes to networks, by which they are known again


class Session(NamedTuple):
    """An interface with one of the machine's keys, and the peer's key at its other end."""

    interface: str
    public_key: str


# --- what the files say


def read(folder: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration, and the private keys in base64, the newest first."""
    config: dict[str, Any] = json.loads(Path(folder, CONFIG).read_text())
    texts = Path(folder, KEYS).read_text().strip().split(",")
    keys = [base64.b64encode(bytes.fromhex(text)).decode() for text in texts if text]
    return config, keys


def interfaces(config: dict[str, Any], keys: list[str]) -> dict[str, str]:
    """The private key of each interface by its name, the newest first."""
    ports = {key["public_key"]: key["port"] for key in own_node(config)["keys"]}
    publics = {run("wg", "pubkey", text=key): key for key in keys}
    found = {f"{PREFIX}{ports[public]}": key for public, key in publics.items() if public in ports}
    if not found:
        raise BackboneError("the nodes file knows none of this machine's keys")
    return found


# --- whole networks


def drop_routes(networks: set[str]) -> None:
    """Take away the routes to all networks but these."""
    for line in run("ip", "route", "show", "proto", ROUTES).splitlines():
        if (network := line.split()[0]) not in networks:
            run("ip", "route", "delete", network, "proto", ROUTES)


# --- interfaces and peers


def add_interface(name: str) -> None:
    """Make it in the kernel, or where the kernel has no WireGuard, by wireguard-go."""
    try:
        run("ip", "link", "add", name, "type", "wireguard")
    except BackboneError as error:
        try:
            run("wireguard-go", name)
        except OSError:
            raise error from None


def present() -> set[str]:
    return {name for name in run("wg", "show", "interfaces").split() if name.startswith(PREFIX)}


def set_up(config: dict[str, Any], keys: list[str]) -> list[str]:
    """Bring the interfaces up as the files say; their names, the newest key's first."""
    wanted = interfaces(config, keys)
    address = f"{own_node(config)['address']}/32"
    for name in present() - wanted.keys():
        run("ip", "link", "delete", name)
    longest = max(node["mtu"] for node in config["nodes"])
    for name, key in wanted.items():
        if name not in present():
            add_interface(name)
        port = name.removeprefix(PREFIX)
        run("wg", "set", name, "listen-port", port, "private-key", "/dev/stdin", text=key)
        run("ip", "address", "replace", address, "dev", name)
        run("ip", "link", "set", name, "mtu", str(longest), "up")
        set_peers(name, others(config))
    return list(wanted)


def set_peers(interface: str, nodes: list[dict[str, Any]]) -> None:
    wanted = {key["public_key"] for node in nodes for key in node["keys"]}
    for key in set(run("wg", "show", interface, "peers").split()) - wanted:
        run("wg", "set", interface, "peer", key, "remove")
    for key in wanted:
        run("wg", "set", interface, "peer", key, "persistent-keepalive", str(KEEPALIVE_SECONDS))


def set_endpoints(links: list[str], nodes: list[dict[str, Any]], known: dict[str, str]) -> None:
    """Point the peers to the addresses that their names have now, where these have changed."""
    for node in nodes:
        try:
            address = str(socket.getaddrinfo(node["host"], None, socket.AF_INET)[0][4][0])
        except OSError:
            continue  # its stack may come later
        if known.get(node["name"]) == address:
            continue
        for key in node["keys"]:
            for interface in links:
                endpoint = f"{address}:{key['port']}"
                run("wg", "set", interface, "peer", key["public_key"], "endpoint", endpoint)
        known[node["name"]] = address
        say(f"{node['name']} is at {address}")


# --- which pair of keys carries the traffic


def handshakes(links: list[str]) -> dict[Session, float]:
    """When each pair of keys has last shaken hands, in seconds since 1970; 0 for never."""
    found = {}
    for interface in links:
        for line in run("wg", "show", interface, "latest-handshakes").splitlines():
            key, _, seconds = line.partition("\t")
            found[Session(interface, key)] = float(seconds)
    return found


def best(
    node: dict[str, Any], links: list[str], times: dict[Session, float], now: float
) -> Session:
    """The newest pair with a session; without any, the one that has shaken hands last."""
    pairs = [Session(interface, key["public_key"]) for interface in links for key in node["keys"]]
    fresh = [pair for pair in pairs if now - times.get(pair, 0) < FRESH_SECONDS]
    return fresh[0] if fresh else max(pairs, key=lambda pair: times.get(pair, 0))


def received(links: list[str]) -> dict[str, int]:
    """How many bytes have come from each public key."""
    found: dict[str, int] = {}
    for interface in links:
        for line in run("wg", "show", interface, "transfer").splitlines():
            key, came, _ = line.split("\t")
            found[key] = found.get(key, 0) + int(came)
    return found


def carry(
    node: dict[str, Any], link: Session, each: list[Session], network: str | None = None
) -> None:
    """Send what is for a node over `link`, and take what comes from it over `each`.

    So it is with the `network` that it carries.
    """
    address, mtu = f"{node['address']}/32", str(node["mtu"])
    ranges = f"{address},{network}" if network else address
    for interface, key in each:
        run("wg", "set", interface, "peer", key, "allowed-ips", ranges)
    run("ip", "route", "replace", address, "dev", link.interface, "mtu", mtu)
    if network:
        to = ("dev", link.interface, "mtu", mtu, "proto", ROUTES)
        run("ip", "route", "replace", network, *to)


# --- the daemon


class Mesh:
    """This machine's place on the backbone; `turn` looks once at everything."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.loaded: tuple[dict[str, Any], list[str]] | None = None
        self.links: list[str] = []
        self.addresses: dict[str, str] = {}
        self.carried: dict[str, tuple[Session, list[Session], str | None]] = {}
        self.received: dict[str, int] = {}
        self.heard: dict[str, float] = {}
        self.resolved = self.greeted = 0.0
        self.trouble = ""

    def turn(self) -> None:
        try:
            self.load()
            self.resolve()
            self.greet()
            self.listen()
            self.choose()
            self.trouble = ""
        except FileNotFoundError:
            self.complain("the configuration is not there yet")
        except (BackboneError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)

    def load(self) -> None:
        found = read(self.folder)
        if found == self.loaded:
            return
        config, keys = found
        run("nft", "-f", "-", text=rules(config, f"{PREFIX}*"))
        drop_routes(set(network_nodes(config)))
        self.links = set_up(config, keys)
        self.loaded, self.addresses, self.carried, self.resolved = found, {}, {}, 0.0
        notify("READY=1")
        peers = len(others(config))
        say(f"{own_name(config)} is up with {len(self.links)} key(s), {peers} other node(s)")

    def resolve(self) -> None:
        if time.monotonic() - self.resolved < RESOLVE_SECONDS or not self.loaded:
            return
        set_endpoints(self.links, others(self.loaded[0]), self.addresses)
        self.resolved = time.monotonic()

    def greet(self) -> None:
        """Send to all others, where they have to know whether this node is there."""
        if time.monotonic() - self.greeted < HELLO_SECONDS or not self.loaded:
            return
        if shares_network(self.loaded[0]):
            hello(others(self.loaded[0]), HELLO_PORT)
        self.greeted = time.monotonic()

    def listen(self) -> None:
        """See from whom something has come, where that decides who carries a network."""
        if not self.loaded or not network_nodes(self.loaded[0]):
            return
        came = received(self.links)
        for node in others(self.loaded[0]):
            sum_ = sum(came.get(key["public_key"], 0) for key in node["keys"])
            if sum_ > self.received.get(node["name"], sum_):
                self.heard[node["name"]] = time.monotonic()
            self.received[node["name"]] = sum_

    def choose(self) -> None:
        if not self.loaded:
            return
        config = self.loaded[0]
        times, now = handshakes(self.links), time.time()
        networks = carriers(config, self.heard, time.monotonic())
        for node in others(config):
            link = best(node, self.links, times, now)
            each = [best(node, [interface], times, now) for interface in self.links]
            network = networks.get(node["name"])
            before = self.carried.get(node["name"])
            if before != (link, each, network):
                carry(node, link, each, network)
                self.carried[node["name"]] = (link, each, network)
                if network and before and before[2] != network:
                    say(f"{node['name']} carries {network}")

    def complain(self, text: str) -> None:
        if text != self.trouble:
            self.trouble = text
            say(text)


def main(folder: str) -> None:
    mesh = Mesh(folder)
    while True:
        mesh.turn()
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1])
