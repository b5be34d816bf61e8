"""Cloudflare Load Balancing: its monitors ask the edges, and requests go to healthy pools.

Here an edge is asked when a request comes and what is known of it is two seconds old; Cloudflare
asks every minute, from many places. Both send the same request by the same way. With the steering
policy `dynamic_latency` the healthy pool that answers its monitor fastest gets the requests, which
Cloudflare decides by the average of many answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.rules import parse
from rehearsal.world import State, World

BALANCER = "cloudflare_load_balancer"
POOL, MONITOR = f"{BALANCER}_pool", f"{BALANCER}_monitor"
TYPES = (BALANCER, POOL, MONITOR)
FRESH_SECONDS = 2.0

NEVER = 0.0, False, 0.0

Ask = Callable[[State, str, Mapping[str, str]], int]
"""Asks an endpoint for a path with headers; the status of its answer."""


@dataclass
class LoadBalancers:
    """The load balancers that were applied, and what their monitors have heard."""

    world: World
    ask: Ask
    _heard: dict[str, tuple[float, bool, float]] = field(default_factory=dict)
    """When each pool was asked last, whether it is healthy, and how long its answer took."""

    def endpoint(self, host: str, fields: Mapping[str, Any]) -> State | None:
        """The endpoint that gets a request to a hostname; None where no load balancer has it."""
        if (balancer := self.world.one(BALANCER, name=host)) is None:
            return None
        wanted = self._rule(balancer, fields) or balancer
        pools = [*self._pools(wanted["default_pools"]), *self._pools([wanted["fallback_pool"]])]
        healthy = [pool for pool in pools if self._is_healthy(pool)] or pools[-1:]
        if balancer["steering_policy"] == "dynamic_latency":
            healthy.sort(key=lambda pool: self._heard[pool["id"]][2])
        return dict(healthy[0]["origins"][0])

    def _rule(self, balancer: State, fields: Mapping[str, Any]) -> State | None:
        rules = sorted(balancer["rules"] or [], key=lambda rule: rule["priority"])
        found = (rule for rule in rules if parse(rule["condition"])(fields))
        return next((rule["overrides"] for rule in found), None)

    def _pools(self, ids: list[str]) -> Iterator[State]:
        for pool in ids:
            found = self.world.one(POOL, id=pool)
            assert found, f"a load balancer names the pool {pool}, which is not there"
            yield found

    def _is_healthy(self, pool: State) -> bool:
        when, healthy, _ = self._heard.get(pool["id"], NEVER)
        if (began := time.monotonic()) - when > FRESH_SECONDS:
            healthy = self._check(pool)
            ended = time.monotonic()
            self._heard[pool["id"]] = ended, healthy, ended - began
        return healthy

    def _check(self, pool: State) -> bool:
        monitor = self.world.one(MONITOR, id=pool["monitor"])
        assert monitor, f"the pool {pool['name']} has no monitor"
        headers = {name: values[0] for name, values in (monitor["header"] or {}).items()}
        status = self.ask(pool["origins"][0], monitor["path"], headers)
        return str(status) == str(monitor["expected_codes"])
