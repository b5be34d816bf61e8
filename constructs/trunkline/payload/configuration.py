"""What an edge serves, packed for a cloud's secret store; `sync.py` unpacks it on the machine.

The first item is `2 COUNT SHA256 KEYS AUDIENCE DATA`: the format, the number of items, the digest
of the document, the edge's keys with commas between them, the audience of its Access application
(`-` without one), and data. The others are data alone. All data together are base64 of gzip of the
document, JSON with `clusters`, `routes` and `listeners`. Keys and audience stand apart because only
Terraform knows them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from trunkline.envoy import Resources
from trunkline.payload.expressions import refuse_expression
from trunkline.probing.source import without_documentation

FORMAT = "2"
NO_AUDIENCE = "-"
# Of the first item: format, count, digest, two keys and an audience of 64 characters each, and the
# spaces; with room.
HEAD_BYTES = 320


def pack(
    resources: Resources, keys: Sequence[str], limit: int, audience: str | None = None
) -> list[str]:
    """The items, each of `limit` bytes at most; `keys` and `audience` are Terraform expressions.

    Raises ConfigurationError where the resources hold a Terraform expression.
    """
    document = {
        "clusters": list(resources.clusters),
        "routes": list(resources.routes),
        "listeners": list(resources.listeners),
    }
    text = json.dumps(document, separators=(",", ":"))
    refuse_expression(text, "the configuration of an edge")
    # Without a time, so that the same resources give the same items.
    data = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    first, rest = data[: limit - HEAD_BYTES], data[limit - HEAD_BYTES :]
    others = [rest[start : start + limit] for start in range(0, len(rest), limit)]
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = f"{','.join(keys)} {audience or NO_AUDIENCE}"
    return [f"{FORMAT} {1 + len(others)} {digest} {known} {first}", *others]


@cache
def sync_source() -> str:
    """The program that keeps a machine's files as the store has them, as machines get it."""
    text = files("trunkline.payload").joinpath("sync.py").read_text("utf-8")
    return without_documentation(text, "payload/sync.py")
