"""Arguments that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

TOPOLOGY = "topology.yaml"
"""The file that a command reads where none is named; main.py reads the same."""

TopologyFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A topology file; - is standard input.")
]
