"""`trunkline physical-zones`: which physical zones zone names mean, as the cloud tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.output import number, working


def physical_zones(
    file: Annotated[str, typer.Argument(metavar="TOPOLOGY", help="A topology file.")],
    stacks: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where trunkline synth wrote the stacks.")
    ] = Path("cdktf.out"),
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them there, not to stdout.")
    ] = None,
) -> None:
    """Print the physical zones behind the zone names of each site, as its cloud tells them.

    They are read from the zones-<site> stacks that are applied, which only look and make nothing.
    place and zones read the result with --physical-zones, so that the measurements of one account
    serve another. What is not known is named on stderr. Exit code 2 means that nothing is.
    """
    from trunkline.documents.write import write_whole
    from trunkline.placement.told import read_told
    from trunkline.terraform.run import Terraform
    from trunkline.topology import load

    topology = load(file)
    with working("asking Terraform"):
        told = read_told(file, topology, stacks, Terraform())
    for sentence in told.missing:
        typer.echo(sentence, err=True)
    if not told.zones:
        typer.echo("no physical zone is known; nothing was written", err=True)
        raise typer.Exit(2)
    text = json.dumps(told.zones, indent=2)
    if output is None:
        typer.echo(text)
        return
    write_whole(output, f"{text}\n".encode())
    typer.echo(f"{output}: {number(told.count, 'zone')} of {number(len(told.zones), 'site')}")
