"""What the checks of size let pass fits, and what they refuse does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.examples import ROOT

from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load
from trunkline.topology.errors import TopologyError

HEAD = """\
name: the-longest-name-there-is
domain: example.com
cloudflare: {account_id: 0123456789abcdef0123456789abcdef}
probes: {enabled: false}
sites:
  a-site-of-20-letters:
    cloud: aws
    account: "123456789012"
    region: ap-southeast-1
    zones: [ap-southeast-1a]
    zone: ap-southeast-1a
routing:
  routes:
"""


def topology(folder: Path, count: int, length: int) -> Path:
    """A topology with `count` routes whose prefixes have `length` characters."""
    # Nothing that compresses: hexadecimal digits of a hash.
    digests = (hashlib.shake_128(bytes([number])).hexdigest(64) for number in range(count))
    prefixes = (f"/{digest[: length - 1]}" for digest in digests)
    routes = "".join(f"    {prefix}: {{site: a-site-of-20-letters}}\n" for prefix in prefixes)
    file = folder / "topology.yaml"
    file.write_text(HEAD.replace("the-longest-name-there-is", "the-longest-name-there-i") + routes)
    return file


@pytest.mark.parametrize("length", [8, 70])
def test_as_many_routes_as_the_schema_allows_fit_into_a_machine(
    tmp_path: Path, length: int
) -> None:
    """AWS takes least; a Worker's binding holds prefixes of 70 characters at the most."""
    synthesize(load(topology(tmp_path, 50, length)), tmp_path / "out")


def test_a_worker_that_cannot_hold_the_origins_is_a_finding(tmp_path: Path) -> None:
    text = (ROOT / "topologies" / "three-clouds.yaml").read_text()
    azure = text[text.index("  azure:") : text.index("\nprobes:")]
    more = "".join(
        azure.replace("azure:", f"more-sites-{number:03d}:", 1).replace("10.30", f"10.{number}")
        for number in range(100, 170)
    )
    names = ", ".join(f"more-sites-{number:03d}" for number in range(100, 170))
    file = tmp_path / "topology.yaml"
    text = text.replace("\nprobes:", f"{more}\nprobes:").replace("[google, azure]", f"[{names}]")
    file.write_text(text)
    with pytest.raises(TopologyError, match=r"the origins make \d+ bytes, and a Worker holds 5000"):
        load(file)
