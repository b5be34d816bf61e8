"""What may enter and leave a machine."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from trunkline.payload.expressions import refuse_expression

ANYWHERE = ("0.0.0.0/0",)


@frozen(kw_only=True)
class Rule:
    """Traffic that passes: `port` of `protocol`, from or to the IPv4 ranges `cidrs`.

    Raises ConfigurationError for a range or a port that is a Terraform expression.
    """

    name: str
    port: int
    cidrs: tuple[str, ...] = ANYWHERE
    protocol: Literal["tcp", "udp"] = "tcp"

    def __attrs_post_init__(self) -> None:
        for value in (*self.cidrs, repr(self.port)):
            refuse_expression(value, f"the firewall rule {self.name}")


# Every machine's way out: Debian's mirrors, vendors' repositories and the clouds' own interfaces.
WEB = (Rule(name="http", port=80), Rule(name="https", port=443))


@frozen(kw_only=True)
class Transit:
    """What a machine forwards: all that goes between the range `own` of its network and `others`.

    Clouds whose rules cannot name both ends let in more than that; the machine itself drops it.
    """

    own: str
    others: tuple[str, ...]


@frozen(kw_only=True)
class Firewall:
    """The rules of a machine or a daemon; everything else is dropped."""

    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()
    transit: Transit | None = None
