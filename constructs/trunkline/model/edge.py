"""How edges are reached."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Exposure = Literal["tunnel", "public"]


@frozen(kw_only=True)
class Edge:
    """How every edge is reached: through a tunnel (no inbound port) or publicly by Cloudflare."""

    exposure: Exposure = "tunnel"
