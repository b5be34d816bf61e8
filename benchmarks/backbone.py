"""How a full mesh grows: the time of a synthesis, and what an edge has to be told."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks import growth
from benchmarks.measure import Report, Target, measure, median, parser, progress, show
from trunkline.deploy.keys import Keys, backbone_keys
from trunkline.deploy.nodes import Nodes
from trunkline.topology import load
from trunkline.topology.nodes import nodes_path

SITES = (10, 30)
# Items of AWS's store that a configuration may take, 4,096 bytes each: all are read at a change.
MOST_ITEMS = 8


def run(runs: int) -> Report:
    """Synthesize full meshes of two sizes so many times, and compare."""
    rows: list[Sequence[float]] = []
    with tempfile.TemporaryDirectory(prefix="trunkline-backbone-") as name:
        for sites in SITES:
            folder = Path(name)
            file, out = _write(sites, folder), folder / f"out-{sites}"
            environment = {"TRUNKLINE_TOPOLOGY": str(file), "CDKTF_OUTDIR": str(out)}
            usages = []
            for number in range(runs + 1):
                what = f"run {number} of {runs}" if number else "warm-up"
                progress(f"backbone: {sites} sites, {what}")
                usages.append(measure([sys.executable, "main.py"], {**os.environ, **environment}))
            taken = median(usages[1:])
            rows.append((sites, sites * (sites - 1) // 2, taken.wall, taken.cpu, *_items(out)))
    pairs, times = (rows[1][column] / rows[0][column] for column in (1, 3))
    return Report(
        "Growth of a full mesh (median of runs)",
        ("sites", "pairs", "wall s", "CPU s", "bytes of an edge", "items"),
        rows,
        [
            Target(f"time of {SITES[1]} sites : {SITES[0]} sites, with the pairs", times, pairs),
            Target(f"items of an edge with {SITES[1]} sites", rows[1][5], MOST_ITEMS),
        ],
    )


def _write(sites: int, folder: Path) -> Path:
    """The topology of so many sites as a user has it after `trunkline keys`."""
    data = growth.topology(sites)
    file = folder / f"backbone-{sites}.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump({**data, "name": "mesh", "backbone": {"kind": "wireguard"}}, stream)
    topology, keys = load(file), Keys({})
    for key in backbone_keys(topology):
        keys = keys.having(key)
    Nodes.of(topology).following(keys, "2026-11-28").write(nodes_path(file))
    return file


def _items(out: Path) -> tuple[int, int]:
    """How long the configuration of the first edge is, in how many items of AWS's store."""
    stack = json.loads((out / "stacks" / "edge-site-0" / "cdk.tf.json").read_text())
    items = [
        each["value"]
        for each in stack["resource"]["aws_ssm_parameter"].values()
        if "/configuration" in each["name"]
    ]
    return sum(map(len, items)), len(items)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
