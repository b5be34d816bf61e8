"""The topologies that tests synthesize: the runnable examples, and those of the golden cases."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TOPOLOGIES = sorted([*ROOT.glob("topologies/*.yaml"), *ROOT.glob("tests/golden/topologies/*.yaml")])

# The topologies whose machines are machines: those of the others are processes of this one.
IN_CLOUDS = [file for file in TOPOLOGIES if "cloud: local" not in file.read_text()]
