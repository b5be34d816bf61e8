"""The topologies that tests synthesize: the runnable examples, and those of the golden cases."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
TOPOLOGIES = sorted([*ROOT.glob("topologies/*.yaml"), *ROOT.glob("tests/golden/topologies/*.yaml")])
