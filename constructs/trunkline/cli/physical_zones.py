"""`trunkline physical-zones`: prints the physical zone behind each zone name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY, TopologyFile
from trunkline.cli.output import number, working


def physical_zones(
    file: TopologyFile = TOPOLOGY,
    stacks: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where trunkline synth wrote the stacks.")
    ] = Path("cdktf.out"),
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write, in place of stdout.")
    ] = None,
) -> None:
    """Print the physical zones behind the zone names of each site, as its cloud reports them.

    They are read from the stacks zones-<site>, which must be applied and create no resource. Give
    the output to place and zones with --physical-zones to use measurements of one account for
    another. Unknown physical zones are listed on stderr.

    Exit codes: 0 at least one is known; 2 none is.
    """
    from trunkline.documents.write import write_whole
    from trunkline.placement.reported import read_reported_zones
    from trunkline.terraform.run import Terraform
    from trunkline.topology import load

    topology = load(file)
    with working("asking Terraform"):
        reported = read_reported_zones(file, topology, stacks, Terraform())
    for sentence in reported.missing:
        typer.echo(sentence, err=True)
    if not reported.zones:
        typer.echo("no physical zone is known; nothing was written", err=True)
        raise typer.Exit(2)
    text = json.dumps(reported.zones, indent=2)
    if output is None:
        typer.echo(text)
        return
    write_whole(output, f"{text}\n".encode())
    typer.echo(
        f"{output}: {number(reported.count, 'zone')} of {number(len(reported.zones), 'site')}"
    )
