"""The topologies that tests synthesize: the runnable examples, and those of the golden cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

# The output of one of these, made once in a run of the tests; it is not for writing into.
Synthesized = Callable[[Path], Path]

ROOT = Path(__file__).parents[2]
THREE = ROOT / "topologies" / "three-clouds.yaml"
TOPOLOGIES = sorted([*ROOT.glob("topologies/*.yaml"), *ROOT.glob("tests/golden/topologies/*.yaml")])

# The topologies whose machines are machines: those of the others are processes of this one.
IN_CLOUDS = [file for file in TOPOLOGIES if "cloud: local" not in file.read_text()]
