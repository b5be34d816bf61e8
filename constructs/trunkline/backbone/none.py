"""No backbone, beside which the kinds can be compared."""

from __future__ import annotations

from trunkline.backbone.base import Declaration

NONE = Declaration(
    title="no backbone",
    needs=(),
    limits=("applications reach services of other clouds over the internet, by themselves",),
    cost="nothing",
    source="",
    services=False,
    keys="there are none",
)
