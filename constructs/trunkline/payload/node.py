"""What the programs share that join a machine to a backbone: nodes, networks, firewall and words.

A machine gets it as a part of such a program's one file (`machine_program`); it needs the standard
library alone. `backbone.json`, the configuration, is what the drivers in `backbone/` describe.

Where nodes have a `network`, that whole range goes to the first node of its site, to the next one
while the first is silent, and back.
"""

import os
import socket
import subprocess
import sys
from typing import Any

TABLE = "trunkline_backbone"
# A node that shares a network with others sends to all this often, so that they know it is there.
HELLO_SECONDS = 2
# Three of these are lost, and a little more.
SILENT_SECONDS = 7
IP_AND_TCP_HEADERS = 40


class BackboneError(Exception):
    """Something is not as it should be; the message says what, without any key."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


def run(*command: str, text: str = "", seconds: float = 30) -> str:
    """What a command prints; BackboneError with its last words where it fails."""
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise BackboneError(f"{' '.join(command[:3])}: {said}")
    return done.stdout.strip()


# --- what the configuration says


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


def listening(address: str, port: int) -> socket.socket:
    """Where other nodes say that they are there."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((address, port))
    return made


def heard(ear: socket.socket) -> list[tuple[str, str]]:
    """What has come since the last time: the text of each datagram, and where it came from."""
    found: list[tuple[str, str]] = []
    while True:
        try:
            text, (address, _) = ear.recvfrom(64)
        except BlockingIOError:
            return found
        found.append((text.decode(errors="replace"), address))


def hello(nodes: list[dict[str, Any]], port: int, text: str = "", *, interface: str = "") -> None:
    """Send each node a datagram, over the interface where one is named."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        if interface:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        for node in nodes:
            try:
                sender.sendto(text.encode(), (node["address"], port))
            except OSError:
                continue  # there is no way to it yet


# --- the firewall


def rules(config: dict[str, Any], interfaces: str, also: str = "") -> str:
    """What may come in from the backbone: pings, connections to the edge's own ports, and `also`.

    `interfaces` are those of the backbone, as nft names them.
    """
    ports = ", ".join(str(port) for port in config["ports"])
    accept = f"    tcp dport {{ {ports} }} accept\n" if ports else ""
    own = own_node(config).get("network")
    to = {network: nodes[0]["mtu"] for network, nodes in network_nodes(config).items()}
    return table(
        f"{forwarding(own, to, interfaces)}"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        f"{own_network(own, config.get('own_ports', ()), interfaces)}"
        f'    iifname != "{interfaces}" return\n'
        "    ct state established,related accept\n"
        f"    ip saddr != {config['overlay']} drop\n"
        "    icmp type echo-request accept\n"
        f"{accept}{also}"
        "    drop\n"
        "  }\n"
    )


def table(chains: str) -> str:
    """The table with these chains, in place of the one that is there."""
    return (
        f"table inet {TABLE} {{}}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{chains}}}\n"
    )


def own_network(own: str | None, open_: Any, interfaces: str) -> str:
    """What may come in from the own network, which the cloud's firewall lets through to others.

    That firewall may not know the edge from those others.
    """
    if not own:
        return ""
    source = f'iifname != {{ "lo", "{interfaces}" }} ip saddr {own}'
    ports = ", ".join(str(port) for port in open_)
    accept = f"    {source} tcp dport {{ {ports} }} accept\n" if ports else ""
    return (
        f"    {source} ct state established,related accept\n"
        f"    {source} icmp type echo-request accept\n"
        f"{accept}"
        f"    {source} drop\n"
    )


def forwarding(own: str | None, to: dict[str, int], interfaces: str) -> str:
    """What passes: nothing without networks, else packets between the own one and the others.

    `to` says how long a packet may be on the way to each of the others. TCP is told how much of
    that it may use, so that no packet has to be split.
    """
    head = "  chain forward {\n    type filter hook forward priority 0; policy "
    if not own:
        drop = (f'    {end} "{interfaces}" drop\n' for end in ("iifname", "oifname"))
        return f"{head}accept;\n{''.join(drop)}  }}\n"
    clamps = "".join(
        f"    ip {end} {network} tcp flags & (syn | rst) == syn "
        f"tcp option maxseg size set {mtu - IP_AND_TCP_HEADERS}\n"
        for network, mtu in to.items()
        for end in ("saddr", "daddr")
    )
    ranges = ", ".join(to)
    return (
        f"{head}drop;\n{clamps}"
        f'    iifname "{interfaces}" oifname != "{interfaces}" '
        f"ip saddr {{ {ranges} }} ip daddr {own} accept\n"
        f'    iifname != "{interfaces}" oifname "{interfaces}" '
        f"ip saddr {own} ip daddr {{ {ranges} }} accept\n"
        "  }\n"
    )


# --- what is said


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
