#!/usr/bin/env python
"""The CDKTF app: one topology file becomes stacks. `cdktf synth`, `cdktf deploy` and a remote run
start it; `trunkline synth` does the same and shows what was made.

    zones-<site>    which physical zones the account's zone names mean; makes nothing
    probes-<site>   ProbeSet: a small machine in every candidate zone
    edge-<site>     EdgeProxy: Envoy in the chosen zone, with EdgeOrigin, its name and tunnel
    routing         CloudflareRouting: one hostname whose path prefixes lead to the edges

TRUNKLINE_TOPOLOGY names the file; without it topology.yaml is read where there is one, else the
default example. CDKTF_OUTDIR is where the output goes.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "constructs"))

from trunkline import bindings  # noqa: E402

bindings.install()  # before anything of CDKTF: provider packages then load in milliseconds

from trunkline.errors import TrunklineError  # noqa: E402
from trunkline.stacks.app import new_app  # noqa: E402
from trunkline.stacks.compose import compose  # noqa: E402
from trunkline.topology import load  # noqa: E402

DEFAULT_EXAMPLE = HERE / "topologies" / "local.yaml"


def topology_file() -> Path:
    """The topology to read."""
    named = os.environ.get("TRUNKLINE_TOPOLOGY")
    if named:
        return Path(named)
    own = Path("topology.yaml")
    return own if own.exists() else DEFAULT_EXAMPLE


def main() -> int:
    """Write the stacks; 2 where the topology or the output folder has a mistake."""
    try:
        topology = load(topology_file())
        outdir = Path(os.environ.get("CDKTF_OUTDIR", "cdktf.out"))
        with new_app(outdir, topology.name) as app:
            compose(app, topology)
    except TrunklineError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
