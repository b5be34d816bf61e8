"""Which tunnels have a connection: those whose machine runs.

Cloudflare refuses to delete such a tunnel, and its provider's delete is one bare DELETE
(https://github.com/cloudflare/terraform-provider-cloudflare/issues/5255). The doubles match a
tunnel with its machine by their name, which is the same in our stacks, where all of the doubles run
in one process (`serve`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

State = Mapping[str, Any]

TUNNEL: Final = "cloudflare_zero_trust_tunnel_cloudflared"
CONNECTOR: Final = "cloudflare_zero_trust_tunnel_warp_connector"

NAMES: Final[Mapping[str, Callable[[State], str]]] = {
    "aws_instance": lambda state: (state.get("tags") or {}).get("Name", ""),
    "google_compute_instance": lambda state: str(state.get("name")),
    "azurerm_linux_virtual_machine": lambda state: str(state.get("name")),
}

_running: set[str] = set()


def follow(type_name: str, prior: State | None, planned: State | None) -> None:
    """Note the start or the end of a machine, as an applied change makes it."""
    if type_name not in NAMES:
        return
    if prior is not None:
        _running.discard(NAMES[type_name](prior))
    if planned is not None:
        _running.add(NAMES[type_name](planned))


def refusal(type_name: str, prior: State | None, planned: State | None) -> str | None:
    """Why Cloudflare refuses the change, in its words; None where it does not."""
    if type_name in (TUNNEL, CONNECTOR) and planned is None and prior:
        name = str(prior.get("name"))
        # A connector has the name of its site's edge, and a number.
        machine = name.rpartition("-")[0] if type_name == CONNECTOR else name
        if machine in _running:
            return "Cannot delete tunnel because it has active connections"
    return None
