"""A site on each cloud, for constructs without a topology."""

from __future__ import annotations

from typing import Any

from trunkline import Site

AWS = Site(name="shop", cloud="aws", region="us-east-1", zone="us-east-1a", account="482913570246")
GOOGLE = Site(name="shop", cloud="google", region="us-east4", zone="us-east4-a", account="shop-1")
AZURE = Site(
    name="shop",
    cloud="azure",
    region="eastus",
    zone="1",
    account="4d6f1a2b-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
)

TUNNEL: dict[str, Any] = {"hostname": "edge.example.com", "token": "token", "keys": ["key"]}
"""The arguments of a tunnel to an edge."""
