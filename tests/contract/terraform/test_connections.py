"""The doubles refuse to delete a tunnel while its machine runs, as Cloudflare does."""

from __future__ import annotations

from typing import Any

import pytest
from doubles.providers.connections import CONNECTOR, TUNNEL, follow, refusal

MACHINES: list[tuple[str, dict[str, Any]]] = [
    ("aws_instance", {"tags": {"Name": "t-edge-a"}}),
    ("google_compute_instance", {"name": "t-edge-a"}),
    ("azurerm_linux_virtual_machine", {"name": "t-edge-a"}),
]


@pytest.mark.parametrize(("kind", "machine"), MACHINES, ids=[kind for kind, _ in MACHINES])
def test_a_tunnel_is_deleted_after_its_machine(kind: str, machine: dict[str, Any]) -> None:
    follow(kind, None, machine)
    tunnel = {"name": "t-edge-a"}
    assert refusal(TUNNEL, tunnel, None) == "Cannot delete tunnel because it has active connections"
    assert refusal(TUNNEL, {"name": "t-edge-b"}, None) is None
    assert refusal(TUNNEL, tunnel, tunnel) is None
    assert refusal(CONNECTOR, {"name": "t-edge-a-2"}, None)
    assert refusal(CONNECTOR, {"name": "t-edge-b-2"}, None) is None
    follow(kind, machine, None)
    assert refusal(TUNNEL, tunnel, None) is None
