"""What may enter and leave a machine."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

ANYWHERE = ("0.0.0.0/0",)


@frozen(kw_only=True)
class Rule:
    """Traffic that passes: `port` of `protocol`, from or to the IPv4 ranges `cidrs`."""

    name: str
    port: int
    cidrs: tuple[str, ...] = ANYWHERE
    protocol: Literal["tcp", "udp"] = "tcp"


# Every machine's way out: Debian's mirrors, vendors' repositories and the clouds' own interfaces.
WEB = (Rule(name="http", port=80), Rule(name="https", port=443))


@frozen(kw_only=True)
class Firewall:
    """The rules of a machine or a daemon; everything else is dropped."""

    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
