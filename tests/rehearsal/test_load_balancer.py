"""What the load balancer of the sky does with a request: to which pool it goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.load_balancer import BALANCER, MONITOR, POOL, LoadBalancers
from rehearsal.world import State, World

FIELDS = {"http.host": "api.example.com", "http.request.uri.path": "/"}
SECONDS = {"far": 0.1, "near": 0.0}


def balanced(policy: str, down: tuple[str, ...] = ()) -> str:
    """The endpoint that gets a request where the pools are first `far`, then `near`."""

    def ask(endpoint: State, path: str, headers: Mapping[str, str]) -> int:
        time.sleep(SECONDS[endpoint["name"]])
        return 530 if endpoint["name"] in down else 200

    world = World()
    pools: dict[str, Any] = {"default_pools": ["far", "near"], "fallback_pool": "far"}
    balancer = {"id": "lb", "name": "api.example.com", "rules": [], **pools}
    world.put(BALANCER, {**balancer, "steering_policy": policy})
    world.put(MONITOR, {"id": "m", "path": "/healthz", "header": None, "expected_codes": "200"})
    for name in SECONDS:
        world.put(POOL, {"id": name, "name": name, "monitor": "m", "origins": [{"name": name}]})
    endpoint = LoadBalancers(world, ask).endpoint("api.example.com", FIELDS)
    assert endpoint
    return str(endpoint["name"])


@pytest.mark.parametrize(
    ("policy", "down", "chosen"),
    [
        ("off", (), "far"),
        ("off", ("far",), "near"),
        ("dynamic_latency", (), "near"),
        ("dynamic_latency", ("near",), "far"),
        ("off", ("far", "near"), "far"),
        ("dynamic_latency", ("far", "near"), "far"),
    ],
)
def test_the_steering_policy_chooses_among_the_healthy_pools(
    policy: str, down: tuple[str, ...], chosen: str
) -> None:
    assert balanced(policy, down) == chosen
