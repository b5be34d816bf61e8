"""Joins a machine to the backbone with WireGuard: interfaces, peers, routes and a firewall.

A machine gets this program as one file; it needs the standard library, `ip`, `wg` and `nft`. Usage:
wireguard FOLDER, in which `sync.py` keeps `backbone.json`, which `backbone/wireguard.py` describes,
and `backbone-key`, the machine's own private keys: 64 hexadecimal digits each, with commas between.

Each key of the machine has an interface of its own, named by its UDP port, and each key of another
machine is a peer of all of them. So machines that have a new key already and machines that do not
know it yet understand one another: traffic takes the newest pair of keys that has shaken hands.

Where nodes have a `network`, that whole range goes to the first node of its site, to the next one
while the first is silent, and back. Both ends choose alike, since WireGuard takes packets of a
range from one peer alone.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

CONFIG, KEYS = "backbone.json", "backbone-key"
PREFIX = "tl"  # names of interfaces: tl51820
# WireGuard refuses a session after 180 s; with traffic or keepalives it makes a new one after 120.
FRESH_SECONDS = 180.0
# Both sides send this often, so that each one's firewall takes the other for the answer to itself:
# no inbound port is open. The shortest memory of a cloud's firewall for UDP is 30 s.
KEEPALIVE_SECONDS = 5
RESOLVE_SECONDS = 10
# A node that shares a network with others sends to all this often, so that they know it is there: a
# keepalive comes only where nothing else has passed in either direction.
HELLO_SECONDS = 2
HELLO_PORT = 9  # discard: the firewall of the receiver drops it
# Three of these are lost, and a little more.
SILENT_SECONDS = 7
ROUTES = "84"  # the protocol number of the routes to networks, by which they are known again
IP_AND_TCP_HEADERS = 40
TABLE = "trunkline_backbone"


class BackboneError(Exception):
    """Something is not as it should be; the message says what, without any key."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


class Session(NamedTuple):
    """An interface with one of the machine's keys, and the peer's key at its other end."""

    interface: str
    public_key: str


def run(*command: str, text: str = "") -> str:
    """What a command prints; BackboneError with its last words where it fails."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise BackboneError(f"{' '.join(command[:3])}: {said}")
    return done.stdout.strip()


# --- what the files say


def read(folder: str) -> tuple[dict[str, Any], list[str]]:
    """The configuration, and the private keys in base64, the newest first."""
    config: dict[str, Any] = json.loads(Path(folder, CONFIG).read_text())
    texts = Path(folder, KEYS).read_text().strip().split(",")
    keys = [base64.b64encode(bytes.fromhex(text)).decode() for text in texts if text]
    return config, keys


def own_name(config: dict[str, Any]) -> str:
    name: str = config["names"][config["zone"]]
    return name


def own_node(config: dict[str, Any]) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = config["nodes"]
    [found] = [node for node in nodes if node["name"] == own_name(config)]
    return found


def others(config: dict[str, Any]) -> list[dict[str, Any]]:
    name = own_name(config)
    return [node for node in config["nodes"] if node["name"] != name]


def interfaces(config: dict[str, Any], keys: list[str]) -> dict[str, str]:
    """The private key of each interface by its name, the newest first."""
    ports = {key["public_key"]: key["port"] for key in own_node(config)["keys"]}
    publics = {run("wg", "pubkey", text=key): key for key in keys}
    found = {f"{PREFIX}{ports[public]}": key for public, key in publics.items() if public in ports}
    if not found:
        raise BackboneError("the nodes file knows none of this machine's keys")
    return found


# --- whole networks


def network_nodes(config: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The nodes of each network of another site, those that are to carry it first."""
    found: dict[str, list[dict[str, Any]]] = {}
    own = own_node(config).get("network")
    for node in config["nodes"]:
        if (network := node.get("network")) and network != own:
            found.setdefault(network, []).append(node)
    return found


def carriers(config: dict[str, Any], heard: dict[str, float], now: float) -> dict[str, str]:
    """The network that each node carries, by its name: of a site the first that is not silent."""
    found = {}
    for network, nodes in network_nodes(config).items():
        names = [node["name"] for node in nodes]
        well = [name for name in names if now - heard.get(name, 0) < SILENT_SECONDS]
        found[(well or names)[0]] = network
    return found


def shares_network(config: dict[str, Any]) -> bool:
    """Whether another node could carry this one's network as well."""
    own = own_node(config).get("network")
    return bool(own) and sum(node.get("network") == own for node in config["nodes"]) > 1


def hello(nodes: list[dict[str, Any]]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for node in nodes:
            try:
                sender.sendto(b"", (node["address"], HELLO_PORT))
            except OSError:
                continue  # there is no way to it yet


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


# --- the firewall


def rules(config: dict[str, Any]) -> str:
    """What may come in from the backbone: pings, and connections to the edge's own ports."""
    ports = ", ".join(str(port) for port in config["ports"])
    accept = f"    tcp dport {{ {ports} }} accept\n" if ports else ""
    return (
        f"table inet {TABLE} {{}}\n"
        f"delete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n"
        f"{forwarding(config)}"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        f"{own_network(config)}"
        f'    iifname != "{PREFIX}*" return\n'
        "    ct state established,related accept\n"
        f"    ip saddr != {config['overlay']} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}"
        "    drop\n"
        "  }\n"
        "}\n"
    )


def own_network(config: dict[str, Any]) -> str:
    """What may come in from the own network, which the cloud's firewall lets through to others.

    That firewall may not know the edge from those others.
    """
    if not (own := own_node(config).get("network")):
        return ""
    source = f'iifname != {{ "lo", "{PREFIX}*" }} ip saddr {own}'
    ports = ", ".join(str(port) for port in config["own_ports"])
    accept = f"    {source} tcp dport {{ {ports} }} accept\n" if ports else ""
    return (
        f"    {source} ct state established,related accept\n"
        f"    {source} icmp type echo-request accept\n"
        f"{accept}"
        f"    {source} drop\n"
    )


def forwarding(config: dict[str, Any]) -> str:
    """What passes: nothing without networks, else packets between the own one and the others.

    TCP is told how much a packet may carry, so that none has to be split.
    """
    head = "  chain forward {\n    type filter hook forward priority 0; policy "
    if not (own := own_node(config).get("network")):
        return f'{head}accept;\n    iifname "{PREFIX}*" drop\n    oifname "{PREFIX}*" drop\n  }}\n'
    others = {network: nodes[0]["mtu"] for network, nodes in network_nodes(config).items()}
    clamps = "".join(
        f"    ip {end} {network} tcp flags & (syn | rst) == syn "
        f"tcp option maxseg size set {mtu - IP_AND_TCP_HEADERS}\n"
        for network, mtu in others.items()
        for end in ("saddr", "daddr")
    )
    ranges = ", ".join(others)
    return (
        f"{head}drop;\n{clamps}"
        f'    iifname "{PREFIX}*" oifname != "{PREFIX}*" '
        f"ip saddr {{ {ranges} }} ip daddr {own} accept\n"
        f'    iifname != "{PREFIX}*" oifname "{PREFIX}*" '
        f"ip saddr {own} ip daddr {{ {ranges} }} accept\n"
        "  }\n"
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
        run("nft", "-f", "-", text=rules(config))
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
            hello(others(self.loaded[0]))
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
