"""How the time of a synthesis grows with the number of sites: 10, 30 and 100."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.measure import Report, Target, Usage, measure, median, parser, progress, show

SITES = (10, 30, 100)
# A hundred sites take no longer than ten times ten sites, with a tenth for what they share.
MOST_GROWTH = 11
# As many routes in each size: AWS takes 16 KB of user data, in which every edge learns every route,
# and a Worker takes 5,000 bytes of origins. The sites beyond them are machines without a route.
ROUTES = 10

CLOUDS: tuple[dict[str, Any], ...] = (
    {
        "cloud": "aws",
        "account": "123456789012",
        "region": "us-east-1",
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "zone": "us-east-1a",
    },
    {
        "cloud": "google",
        "account": "acme-backbone",
        "region": "us-east4",
        "zones": ["us-east4-a", "us-east4-b", "us-east4-c"],
        "zone": "us-east4-a",
    },
    {
        "cloud": "azure",
        "account": "00000000-0000-4000-8000-000000000000",
        "region": "eastus",
        "zones": ["1", "2", "3"],
        "zone": "1",
    },
)


def topology(sites: int) -> dict[str, Any]:
    """A topology of so many sites that cycle through the clouds, each with its own /16."""
    names = [f"site-{number}" for number in range(sites)]
    return {
        "name": f"growth-{sites}",
        "domain": "example.com",
        "cloudflare": {"account_id": "0123456789abcdef0123456789abcdef"},
        "sites": {name: _site(number) for number, name in enumerate(names)},
        "routing": {"routes": {f"/api/{name}": {"site": name} for name in names[:ROUTES]}},
    }


def write(sites: int, folder: Path) -> Path:
    """Write the topology of so many sites as YAML and return the file."""
    file = folder / f"growth-{sites}.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(topology(sites), stream)
    return file


def resources(outdir: Path) -> int:
    """Count the resources of all stacks that were written below the folder."""
    stacks = [json.loads(file.read_text()) for file in outdir.glob("stacks/*/cdk.tf.json")]
    return sum(len(named) for stack in stacks for named in stack.get("resource", {}).values())


def run(runs: int) -> Report:
    """Synthesize each size so many times and compare."""
    rows: list[Sequence[float]] = []
    with tempfile.TemporaryDirectory(prefix="trunkline-growth-") as folder:
        for sites in SITES:
            usage, count = _synthesize(sites, Path(folder), runs)
            each = 1000 * usage.cpu / count
            rows.append((sites, count, usage.wall, usage.cpu, each, max(usage.peaks.values())))
    return Report(
        "Growth of synthesis with the number of sites (median of runs)",
        ("sites", "resources", "wall s", "CPU s", "CPU ms per resource", "peak MB"),
        rows,
        [Target("time of 100 sites : 10 sites", rows[-1][3] / rows[0][3], MOST_GROWTH)],
    )


def _site(number: int) -> dict[str, Any]:
    cloud = CLOUDS[number % len(CLOUDS)]
    return {**cloud, "network": {"cidr": f"10.{number + 10}.0.0/16"}}


def _synthesize(sites: int, folder: Path, runs: int) -> tuple[Usage, int]:
    """Synthesize one size, once unmeasured so that caches are warm; count what came of it."""
    file, outdir = write(sites, folder), folder / f"out-{sites}"
    environment = {"TRUNKLINE_TOPOLOGY": str(file), "CDKTF_OUTDIR": str(outdir)}
    usages = []
    for number in range(runs + 1):
        progress(f"growth: {sites} sites, " + (f"run {number} of {runs}" if number else "warm-up"))
        usages.append(measure([sys.executable, "main.py"], {**os.environ, **environment}))
    return median(usages[1:]), resources(outdir)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
