"""The firewall of one machine, as nftables in its cloud's end of the cable.

A rule says what may pass or not, in the order in which its cloud looks at it; what no rule names
meets the cloud's own last word. Answers to what has passed always pass.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Direction = Literal["in", "out"]
ALL = (0, 65_535)


@dataclass(frozen=True)
class Rule:
    """One rule: ranges of the far end, a protocol (`tcp`, `udp`, `all`), ports, a verdict.

    `near` are ranges of the near end, which a machine that forwards may have many of.
    """

    direction: Direction
    cidrs: tuple[str, ...]
    protocol: str = "all"
    ports: tuple[int, int] = ALL
    passes: bool = True
    near: tuple[str, ...] = ()


@dataclass(frozen=True)
class Firewall:
    """The rules in order, and what happens to the rest.

    Without a way out nothing passes to or from the internet, whatever the rules say. Packets of
    other addresses than the machine's own come and go where it `forwards` alone.
    """

    rules: Sequence[Rule]
    rest_in: bool = False
    rest_out: bool = False
    way_out: bool = True
    forwards: bool = False


def ruleset(firewall: Firewall, private: str, public: str | None, always: Sequence[str]) -> str:
    """The nftables of one machine; no rule filters what it asks `always`, its cloud's own hosts.

    Devices: `cloud0` to the machine, `net` to its neighbours, `hub` to the internet. The vendors
    stand in the namespace itself, and are part of the internet.
    """
    translate = f"iifname hub dnat to {private}" if public else ""
    masquerade = f"oifname hub snat to {public}" if public else ""
    outside = "" if firewall.way_out else "drop"
    own = "" if firewall.forwards else f"iifname cloud0 ip saddr != {private} drop"
    only = "" if firewall.forwards else f"oifname cloud0 ip daddr != {private} drop"
    return f"""
table ip sky {{}}
delete table ip sky
table ip sky {{
  chain prerouting {{ type nat hook prerouting priority dstnat; {translate}; }}
  chain postrouting {{ type nat hook postrouting priority srcnat; {masquerade}; }}
  chain out {{
{_chain(firewall, "out", firewall.rest_out)}
  }}
  chain in {{
{_chain(firewall, "in", firewall.rest_in)}
  }}
  chain input {{
    type filter hook input priority 0; policy accept;
    iifname {{ hub, net }} drop
    ct state established,related accept
    iifname cloud0 ip daddr {{ {", ".join(always)} }} accept
    iifname cloud0 {outside or "jump out"}
  }}
  chain forward {{
    type filter hook forward priority 0; policy drop;
    {own}
    {only}
    ct state established,related accept
    iifname cloud0 oifname net jump out
    iifname net jump in
    {outside}
    iifname cloud0 jump out
    iifname hub jump in
  }}
}}
"""


def _chain(firewall: Firewall, direction: Direction, rest: bool) -> str:
    lines = [_line(rule, direction) for rule in firewall.rules if rule.direction == direction]
    return "\n".join(f"    {line}" for line in [*lines, "accept" if rest else "drop"])


def _line(rule: Rule, direction: Direction) -> str:
    far = "saddr" if direction == "in" else "daddr"
    # The vendors' hosts stand at the cloud's own end of the cable: they are part of `anywhere`.
    ranges = f"ip {far} {{ {', '.join(rule.cidrs)} }}" if "0.0.0.0/0" not in rule.cidrs else ""
    ports = (
        "" if rule.protocol == "all" else f"{rule.protocol} dport {rule.ports[0]}-{rule.ports[1]}"
    )
    own = "daddr" if direction == "in" else "saddr"
    near = f"ip {own} {{ {', '.join(rule.near)} }}" if rule.near else ""
    return " ".join(filter(None, (ranges, near, ports, "accept" if rule.passes else "drop")))


def load_rules(namespace: str, text: str) -> None:
    """Load nftables in a network namespace, in one step."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, "nft", "-f", "-"],
        input=text,
        text=True,
        capture_output=True,
    )
    if done.returncode:
        raise RuntimeError(f"nft refuses the rules of {namespace}:\n{done.stderr}\n{text}")
