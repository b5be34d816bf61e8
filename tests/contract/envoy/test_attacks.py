"""Mutated requests to an edge and to the Worker before it; `make bench` sends many more."""

from __future__ import annotations

import pytest
from benchmarks.attacks import run
from support.workerd import workerd_or_skip


@pytest.mark.slow
def test_nothing_beyond_the_routes_reaches_the_service_and_nobody_suffers(envoy_path: str) -> None:
    workerd_or_skip()
    missed = [str(target) for target in run(1, count=6_000).targets if not target.met]
    assert missed == [], "\n".join(missed)
