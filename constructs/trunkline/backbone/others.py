"""What can be compared with the kinds that a topology can name: no backbone, and other vendors'.

These are declarations alone: trunkline sets none of them up.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.backbone.base import Declaration, Plan

NONE = Declaration(
    title="no backbone",
    needs=(),
    limits=("applications reach services of other clouds over the internet, by themselves",),
    cost="nothing",
    source="",
    services=False,
    keys="there are none",
)

OTHERS: Mapping[str, Declaration] = {
    "warp": Declaration(
        title="Cloudflare Mesh (WARP Connector)",
        needs=(
            "an account at Cloudflare with Zero Trust, and its team name",
            "outbound UDP on port 443 to Cloudflare",
            "by hand in the dashboard: all Cloudflare One traffic may reach enrolled devices",
            "beside cloudflared: split tunnels that leave its addresses out",
        ),
        limits=(
            "all traffic passes through Cloudflare",
            "the edges of a site that stand in for one another must be on one subnet",
            "only what comes in fails over by itself, not what goes out",
            "a packet has 1280 bytes at most",
        ),
        cost="nothing up to 50 nodes",
        source=(
            "https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/"
            "private-net/warp-connector/"
        ),
        networks=True,
        relayed="Cloudflare, always",
        keys="each machine and Cloudflare; you hold a token for each node",
        plans=(Plan(title="Free", nodes=50),),
    ),
}
