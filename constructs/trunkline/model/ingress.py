"""What stands before the edges."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen

from trunkline.model.converters import texts

Plan = Literal["free", "pro", "business", "enterprise"]
AddOn = Literal["load_balancing", "smart_routing"]

PLANS: tuple[Plan, ...] = get_args(Plan)  # each includes what the ones before it include
DEFAULT_PLAN: Plan = "free"


@frozen(kw_only=True)
class AccessPolicy:
    """Whom Cloudflare Access lets in before the routes that ask for it.

    - `team`: the name of the Zero Trust organization, as in `<team>.cloudflareaccess.com`.
    - `service_tokens`: the IDs of service tokens that are let in. Without any, and without
      `emails`: every service token of the account.
    - `emails`: the e-mail addresses of the people who are let in once they have logged in.
    """

    team: str
    service_tokens: tuple[str, ...] = field(default=(), converter=texts)
    emails: tuple[str, ...] = field(default=(), converter=texts)

    @property
    def url(self) -> str:
        """Where the organization answers; its tokens name it as their issuer."""
        return f"https://{self.host}"

    @property
    def host(self) -> str:
        """The hostname of the organization."""
        return f"{self.team}.cloudflareaccess.com"


@frozen(kw_only=True)
class Cloudflare:
    """The Cloudflare account and what its plan includes; `create_zone` False looks the zone up.

    `access` says whom routes let in that ask for that.
    """

    account_id: str
    plan: Plan = DEFAULT_PLAN
    add_ons: tuple[AddOn, ...] = ()
    create_zone: bool = False
    access: AccessPolicy | None = None


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
