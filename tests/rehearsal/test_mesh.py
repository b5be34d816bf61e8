"""What Cloudflare refuses of a mesh; no machine is started."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.mesh import CONNECTOR, PROFILE, ROUTE, refused
from rehearsal.world import World


@pytest.mark.parametrize(
    ("kind", "held", "other"),
    [
        (CONNECTOR, {"name": "t-edge-aws-1"}, {"name": "t-edge-aws-2"}),
        (ROUTE, {"network": "10.254.0.1/32"}, {"network": "10.254.0.2/32"}),
        (PROFILE, {"precedence": 100}, {"precedence": 101}),
    ],
)
def test_an_account_has_each_name_range_and_place_once(
    kind: str, held: dict[str, Any], other: dict[str, Any]
) -> None:
    world = World()
    world.put(kind, {"id": "1", "account_id": "a", **held})
    assert refused(world, kind, {"id": "2", "account_id": "a", **held})
    assert refused(world, kind, {"id": "1", "account_id": "a", **held}) is None
    assert refused(world, kind, {"id": "2", "account_id": "a", **other}) is None
    assert refused(world, kind, {"id": "2", "account_id": "b", **held}) is None
