"""What stands before the edges."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import frozen

Plan = Literal["free", "pro", "business", "enterprise"]
AddOn = Literal["smart_routing"]

PLANS: tuple[Plan, ...] = get_args(Plan)  # each includes what the ones before it include
DEFAULT_PLAN: Plan = "free"


@frozen(kw_only=True)
class Cloudflare:
    """The Cloudflare account and what its plan includes; `create_zone` False looks the zone up."""

    account_id: str
    plan: Plan = DEFAULT_PLAN
    add_ons: tuple[AddOn, ...] = ()
    create_zone: bool = False


LatencyRow = tuple[str, tuple[float, ...]]


@frozen(kw_only=True)
class LocalIngress:
    """This machine before sites that stand on it: the Worker answers on `port` of loopback.

    `latency_ms` holds the round trips that probes emulate, as a triangle: a zone (`site/zone`), and
    its round trip in milliseconds to the zone of each row above.
    """

    port: int = 8000
    latency_ms: tuple[LatencyRow, ...] = ()

    def latencies(self, zone: str) -> dict[str, float]:
        """The emulated round trips of `zone` (`site/zone`) in milliseconds, by the other zone."""
        names = [name for name, _ in self.latency_ms]
        pairs = [
            (name, other, value)
            for name, row in self.latency_ms
            for other, value in zip(names, row, strict=False)
        ]
        return {
            (other if name == zone else name): value
            for name, other, value in pairs
            if zone in (name, other)
        }


Ingress = Cloudflare | LocalIngress
