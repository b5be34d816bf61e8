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
import math
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from trunkline.envoy import Resources
from trunkline.payload.expressions import refuse_expression
from trunkline.terraform.escape import escape

FORMAT = "2"
NONE = "-"
# Of the first item: format, count, digest, two keys and an audience of 64 characters each, and the
# spaces; with room.
HEAD_BYTES = 320
HEADER_BYTES = 1024  # base64 of what `header_variable` takes at most


# A name of a private endpoint, which only Terraform knows, has about 100 characters. Terraform
# compresses to other bytes than Python does, a little more or less.
_FILLED, _OTHER_COMPRESSOR = "x" * 128, 1.05


@frozen(kw_only=True)
class Later:
    """What only Terraform can fill in, and how.

    - `marks`: the Terraform expressions, by the mark that stands for each in the configuration.
    - `keep`: keeps a text as a local value of that name, and returns the address of it.
    """

    marks: Mapping[str, str]
    keep: Callable[[str, str], str]


def pack(
    resources: Resources,
    keys: Sequence[str],
    limit: int,
    audience: str | None = None,
    header: str | None = None,
    backbone: Mapping[str, object] | None = None,
    check: Mapping[str, object] | None = None,
    later: Later | None = None,
) -> list[str]:
    """The items, each of `limit` bytes at most.

    `keys`, `audience` and `header`, the base64 of what the edge shows its collector, are Terraform
    expressions. `backbone` is what the machines are told of it, and `check` what measures it. With
    `later` Terraform itself packs them, when it knows what the marks stand for.

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
    room = limit - HEAD_BYTES - (HEADER_BYTES if header else 0)
    known = f"{','.join(keys)} {audience or NONE} {header or NONE}"
    if later is not None and later.marks:
        digest, parts = _packed_by_terraform(text, room, later)
    else:
        data = _packed(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        starts = range(room, len(data), limit)
        parts = [data[:room], *(data[start : start + limit] for start in starts)]
    first, *others = parts
    return [f"{FORMAT} {1 + len(others)} {digest} {known} {first}", *others]


def _packed(text: str) -> str:
    """Without a time, so that the same resources give the same items."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _packed_by_terraform(text: str, room: int, later: Later) -> tuple[str, list[str]]:
    """The digest and the data in equal parts, as expressions; their number is known before."""
    longest, filled = text, escape(text)
    for mark, expression in later.marks.items():
        longest = longest.replace(mark, _FILLED)
        filled = filled.replace(mark, expression)
    count = math.ceil(len(_packed(longest)) * _OTHER_COMPRESSOR / room)
    whole = later.keep("configuration-whole", filled)
    data = later.keep("configuration-data", f"${{base64gzip({whole})}}")
    size = f"ceil(length({data}) / {count})"
    parts = [f"${{substr({data}, {number} * {size}, {size})}}" for number in range(count)]
    return f"${{sha256({whole})}}", parts
