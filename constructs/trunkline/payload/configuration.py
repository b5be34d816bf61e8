"""What an edge serves, packed for a cloud's secret store; `sync.py` unpacks it on the machine.

The first item is `2 COUNT SHA256 KEYS AUDIENCE HEADER DATA`: the format, the number of items, the
digest of the document, the edge's keys with commas between them, the audience of its Access
application, the base64 of what it shows its collector (each `-` where there is none), and data. The
others are data alone. All data together are base64 of gzip of the document, JSON with `clusters`,
`routes`, `listeners` and, for a node of a backbone, `backbone`, as its daemon reads it, and
`check`: the program that measures it, and `config`, which that one reads. What stands apart only
Terraform knows.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence

from trunkline.envoy import Resources
from trunkline.payload.expressions import refuse_expression

FORMAT = "2"
NONE = "-"
# Of the first item: format, count, digest, two keys and an audience of 64 characters each, and the
# spaces; with room.
HEAD_BYTES = 320
HEADER_BYTES = 1024  # base64 of what `header_variable` takes at most


def pack(
    resources: Resources,
    keys: Sequence[str],
    limit: int,
    audience: str | None = None,
    header: str | None = None,
    backbone: Mapping[str, object] | None = None,
    check: Mapping[str, object] | None = None,
) -> list[str]:
    """The items, each of `limit` bytes at most.

    `keys`, `audience` and `header`, the base64 of what the edge shows its collector, are Terraform
    expressions. `backbone` is what the machines are told of it, and `check` what measures it.

    Raises ConfigurationError where the resources hold a Terraform expression.
    """
    document = {
        "clusters": list(resources.clusters),
        "routes": list(resources.routes),
        "listeners": list(resources.listeners),
        **({"backbone": backbone} if backbone else {}),
        **({"check": check} if check else {}),
    }
    text = json.dumps(document, separators=(",", ":"))
    refuse_expression(text, "the configuration of an edge")
    # Without a time, so that the same resources give the same items.
    data = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    room = limit - HEAD_BYTES - (HEADER_BYTES if header else 0)
    first, rest = data[:room], data[room:]
    others = [rest[start : start + limit] for start in range(0, len(rest), limit)]
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = f"{','.join(keys)} {audience or NONE} {header or NONE}"
    return [f"{FORMAT} {1 + len(others)} {digest} {known} {first}", *others]
