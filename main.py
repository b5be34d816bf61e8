#!/usr/bin/env python
"""The CDKTF app: one topology file becomes stacks. `cdktf synth`, `cdktf deploy` and a remote run
start it; `trunkline synth` does the same and shows what was made.

TRUNKLINE_TOPOLOGY names the file; without it topology.yaml is read where there is one, else the
default example. CDKTF_OUTDIR is where the output goes.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "constructs"))

from trunkline.errors import TrunklineError  # noqa: E402
from trunkline.stacks.synthesize import synthesize  # noqa: E402
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
    try:
        synthesize(load(topology_file()), Path(os.environ.get("CDKTF_OUTDIR", "cdktf.out")))
    except TrunklineError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
