"""How edges are reached, and how they learn what they serve."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Exposure = Literal["tunnel", "public"]


EDGE_KEY_HEADER = "trunkline-edge-key"
"""Carries the key of the edges with every request of the ingress."""

DEFAULT_POLL_SECONDS = 30


@frozen(kw_only=True)
class Edge:
    """What all edges share.

    - `exposure`: reached through a tunnel (no inbound port) or publicly by Cloudflare.
    - `poll_seconds`: how often an edge looks for a new configuration in its cloud's secret store.
    """

    exposure: Exposure = "tunnel"
    poll_seconds: int = DEFAULT_POLL_SECONDS
