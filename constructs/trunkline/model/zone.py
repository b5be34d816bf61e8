"""What Cloudflare can do for an API beside its routes, and what each plan includes of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from trunkline.model.converters import texts
from trunkline.model.ingress import Plan

Polish = Literal["off", "lossless", "lossy"]
Placement = Literal["smart"]

DEFAULT_LIMIT_SECONDS = 10

PLAN_OF: Mapping[str, Plan] = {"polish": "pro", "waf": "pro", "logpush": "enterprise"}
"""The lowest plan that includes a key of a topology's `routing`; the others are on every plan.

https://developers.cloudflare.com/images/polish/
https://developers.cloudflare.com/waf/managed-rules/#availability
https://developers.cloudflare.com/logs/logpush/#availability
"""


@frozen
class LimitRange:
    """What a plan takes in a client rate limit.

    - `seconds`: the longest time in which requests are counted.
    - `block_seconds`: the longest time for which a client is refused.
    - `by_hostname`: whether requests to one hostname can be counted alone.
    """

    seconds: int
    block_seconds: int
    by_hostname: bool = True


LIMIT_RANGES: Mapping[Plan, LimitRange] = {
    "free": LimitRange(10, 10, by_hostname=False),
    "pro": LimitRange(60, 3_600),
    "business": LimitRange(600, 86_400),
    "enterprise": LimitRange(3_600, 86_400),
}
"""https://developers.cloudflare.com/waf/rate-limiting-rules/#availability

Enterprise has rate limiting rules where its contract has application security.
"""


@frozen(kw_only=True)
class Waf:
    """Cloudflare's managed rules, against which every request to the hostname is held.

    - `disabled_rules`: the IDs of rules of the Cloudflare Managed Ruleset that are left out.
    - `owasp`: whether the OWASP Core Ruleset is used as well.
    - `owasp_disabled_rules`: the IDs of rules of that one that are left out.
    """

    disabled_rules: tuple[str, ...] = field(default=(), converter=texts)
    owasp: bool = True
    owasp_disabled_rules: tuple[str, ...] = field(default=(), converter=texts)


@frozen
class ClientRateLimit:
    """How many requests Cloudflare takes from each client address; it answers 429 to more.

    An edge's `RateLimit` is another thing: it counts all clients together.

    - `requests`: how many at most, in each data center.
    - `seconds`: in how many seconds.
    - `block_seconds`: for how long the address is then refused.
    """

    requests: int
    seconds: int = DEFAULT_LIMIT_SECONDS
    block_seconds: int = DEFAULT_LIMIT_SECONDS


@frozen(kw_only=True)
class ZoneOptions:
    """What Cloudflare's zone does for the API. What is left out stays as it is.

    - `tiered_cache`: turn Tiered Cache on or off, for the whole zone.
    - `polish`: how images are made smaller, in the whole zone: `off`, `lossless` or `lossy`; Pro
      and up.
    - `waf`: hold requests to the hostname against managed rules; Pro and up.
    - `client_rate_limit`: how many requests are taken from each client address.
    """

    tiered_cache: bool | None = None
    polish: Polish | None = None
    waf: Waf | None = None
    client_rate_limit: ClientRateLimit | None = None


@frozen(kw_only=True)
class WorkerOptions:
    """How Cloudflare runs the Worker.

    - `placement`: `smart` runs it where its requests to the origins are fast. Without it: nearest
      to the client.
    - `log_sampling`: the share of the requests whose logs are kept, from 0 to 1. Without it: left
      as it is.
    """

    placement: Placement | None = None
    log_sampling: float | None = None


DEFAULT_ZONE = ZoneOptions()
DEFAULT_WORKER = WorkerOptions()
