"""Joins a machine to the backbone with WireGuard: interfaces, peers, routes and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `wg` and `nft`. Usage:
wireguard FOLDER, in which `sync.py` keeps `backbone.json`, which `backbone/wireguard.py` describes,
and `backbone-key`, the machine's own private keys: 64 hexadecimal digits each, with commas between.

Each key of the machine has an interface of its own, named by its UDP port, and each key of another
machine is a peer of all of them. So machines that have a new key already and machines that do not
know it yet understand one another: traffic takes the newest pair of keys that has shaken hands.

A node with a `private_host` is also reached over a link between the two clouds, by its private
address. Each key of the machine has an interface of its own for that, the private path: both paths
have their sessions all the time. Traffic takes the private one as long as it carries packets both
ways, and the public one else.

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
# Over a private path both sides send each second, and count in how many of the last seconds
# something has come. A side that hears nothing sends seldom, so that the other one learns of
# it too, and both take the public path though packets still pass in one direction. What WireGuard
# itself sends then, a handshake each 5 s, is less than LOST.
HEARD_SECONDS = 7
FOUND, LOST = 6, 4
QUIET_SECONDS, SELDOM_SECONDS = 3, 10
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


def interfaces(config: dict[str, Any], keys: list[str], port: str = "port") -> dict[str, str]:
    """The private key of each interface by its name, the newest first.

    With `private_port` as the `port` those of the private path; none where there is no such path.
    """
    ports = {key["public_key"]: key[port] for key in own_node(config)["keys"] if port in key}
    publics = {run("wg", "pubkey", text=key): key for key in keys}
    found = {f"{PREFIX}{ports[public]}": key for public, key in publics.items() if public in ports}
    if not found and port == "port":
        raise BackboneError("the nodes file knows none of this machine's keys")
    return found


def linked(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The other nodes that a private path leads to."""
    return [node for node in others(config) if "private_host" in node]


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


def set_up(config: dict[str, Any], keys: list[str]) -> tuple[list[str], list[str]]:
    """Bring the interfaces up as the files say; their names, the newest key's first.

    Those of the public path, and those of the private one.
    """
    public = interfaces(config, keys)
    private = interfaces(config, keys, "private_port")
    for name in present() - public.keys() - private.keys():
        run("ip", "link", "delete", name)
    bring_up(config, public, others(config))
    bring_up(config, private, linked(config))
    return list(public), list(private)


def bring_up(config: dict[str, Any], wanted: dict[str, str], nodes: list[dict[str, Any]]) -> None:
    address = f"{own_node(config)['address']}/32"
    longest = max(node["mtu"] for node in config["nodes"])
    for name, key in wanted.items():
        if name not in present():
            add_interface(name)
        port = name.removeprefix(PREFIX)
        run("wg", "set", name, "listen-port", port, "private-key", "/dev/stdin", text=key)
        run("ip", "address", "replace", address, "dev", name)
        run("ip", "link", "set", name, "mtu", str(longest), "up")
        set_peers(name, nodes)


def set_peers(interface: str, nodes: list[dict[str, Any]]) -> None:
    wanted = {key["public_key"] for node in nodes for key in node["keys"]}
    for key in set(run("wg", "show", interface, "peers").split()) - wanted:
        run("wg", "set", interface, "peer", key, "remove")
    for key in wanted:
        run("wg", "set", interface, "peer", key, "persistent-keepalive", str(KEEPALIVE_SECONDS))


def set_endpoints(
    links: list[str], nodes: list[dict[str, Any]], known: dict[str, str], path: str = ""
) -> None:
    """Point the peers to the addresses that their names have now, where these have changed.

    `path` is `private_` for the private one.
    """
    for node in nodes:
        host = node[f"{path}host"]
        try:
            address = str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
        except OSError:
            continue  # its stack may come later
        if known.get(host) == address:
            continue
        for key in node["keys"]:
            for interface in links:
                endpoint = f"{address}:{key[f'{path}port']}"
                run("wg", "set", interface, "peer", key["public_key"], "endpoint", endpoint)
        known[host] = address
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


def received(links: list[str]) -> dict[Session, int]:
    """How many bytes have come over each pair of keys."""
    found = {}
    for interface in links:
        for line in run("wg", "show", interface, "transfer").splitlines():
            key, came, _ = line.split("\t")
            found[Session(interface, key)] = int(came)
    return found


class PrivatePath:
    """Whether a node is reached over the link between the clouds, and by which pair of keys."""

    def __init__(self) -> None:
        self.bytes: dict[Session, int] = {}
        self.seconds: dict[Session, list[float]] = {}
        self.chosen: Session | None = None
        self.sent = 0.0

    def listen(self, sessions: list[Session], came: dict[Session, int], now: float) -> None:
        """Note over which of its pairs of keys, the newest first, something has come."""
        for session in sessions:
            before = self.bytes.get(session, came.get(session, 0))
            heard = self.seconds.setdefault(session, [])
            self.seconds[session] = [each for each in heard if now - each < HEARD_SECONDS]
            if came.get(session, 0) > before:
                self.seconds[session].append(now)
            self.bytes[session] = came.get(session, 0)
        well = [each for each in sessions if self.is_well(each)]
        self.chosen = well[0] if well else None

    def is_well(self, session: Session) -> bool:
        return len(self.seconds[session]) >= (LOST if session == self.chosen else FOUND)

    def is_to_send(self, now: float) -> bool:
        """Whether to send now: each time while something comes, and seldom else."""
        last = max((heard[-1] for heard in self.seconds.values() if heard), default=-QUIET_SECONDS)
        if now - last < QUIET_SECONDS or now - self.sent >= SELDOM_SECONDS:
            self.sent = now
            return True
        return False


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
        self.private: list[str] = []
        self.paths: dict[str, PrivatePath] = {}
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
            self.look_at_paths()
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
        self.links, self.private = set_up(config, keys)
        self.paths = {node["name"]: PrivatePath() for node in linked(config)}
        self.loaded, self.addresses, self.carried, self.resolved = found, {}, {}, 0.0
        notify("READY=1")
        peers = len(others(config))
        say(f"{own_name(config)} is up with {len(self.links)} key(s), {peers} other node(s)")

    def resolve(self) -> None:
        if time.monotonic() - self.resolved < RESOLVE_SECONDS or not self.loaded:
            return
        set_endpoints(self.links, others(self.loaded[0]), self.addresses)
        set_endpoints(self.private, linked(self.loaded[0]), self.addresses, "private_")
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
        came = received([*self.links, *self.private])
        for node in others(self.loaded[0]):
            keys = {key["public_key"] for key in node["keys"]}
            sum_ = sum(count for session, count in came.items() if session.public_key in keys)
            if sum_ > self.received.get(node["name"], sum_):
                self.heard[node["name"]] = time.monotonic()
            self.received[node["name"]] = sum_

    def look_at_paths(self) -> None:
        """See which nodes are reached over a private path, and let them see this one."""
        if not self.loaded or not self.private:
            return
        came, now = received(self.private), time.monotonic()
        for node in linked(self.loaded[0]):
            path = self.paths[node["name"]]
            before = path.chosen
            path.listen(self.pairs(node), came, now)
            if bool(before) != bool(path.chosen):
                which = "private" if path.chosen else "public"
                say(f"{node['name']} is reached over the {which} path")
            if path.is_to_send(now):
                for interface in self.private:
                    hello([node], HELLO_PORT, interface=interface)

    def pairs(self, node: dict[str, Any]) -> list[Session]:
        """The pairs of keys on the private path, the newest first."""
        keys = [key["public_key"] for key in node["keys"]]
        return [Session(interface, key) for interface in self.private for key in keys]

    def choose(self) -> None:
        if not self.loaded:
            return
        config = self.loaded[0]
        times, now = handshakes([*self.links, *self.private]), time.time()
        networks = carriers(config, self.heard, time.monotonic())
        for node in others(config):
            path = self.paths.get(node["name"])
            link = (path and path.chosen) or best(node, self.links, times, now)
            ways = [*self.links, *(self.private if path else ())]
            each = [best(node, [interface], times, now) for interface in ways]
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
