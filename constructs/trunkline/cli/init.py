"""`trunkline init` and `trunkline schema`: a topology file to begin with, and what it may hold."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY


class Example(StrEnum):
    """The examples that a topology can begin with; a test holds them against topologies/."""

    ONE_CLOUD = "one-cloud"
    THREE_CLOUDS = "three-clouds"
    TWO_ACCOUNTS = "two-accounts"
    BACKBONE = "backbone"
    LOCAL = "local"


class Schema(StrEnum):
    """The files that have a schema."""

    TOPOLOGY = "topology"
    MEASUREMENTS = "measurements"
    PRICES = "prices"


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path(
        TOPOLOGY
    ),
    example: Annotated[Example, typer.Option(help="What it begins with.")] = Example.THREE_CLOUDS,
    name: Annotated[
        str | None, typer.Option(help="The name of your topology. Without it: the example's.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="Your domain at Cloudflare. Without it: the example's.")
    ] = None,
) -> None:
    """Write a topology file to begin with, and its schema beside it.

    An editor that knows YAML schemas then completes the file and explains every property.
    one-cloud: one AWS region. three-clouds: AWS, Google Cloud and Azure. two-accounts: two AWS
    accounts and Google Cloud. backbone: services of three clouds in one another. local: this
    machine plays three clouds.
    """
    from trunkline.documents.schema import schema_path
    from trunkline.documents.write import write_changed, write_whole
    from trunkline.errors import OutputError
    from trunkline.topology import check_text, examples
    from trunkline.topology.checks.placeholders import LEFT_IN
    from trunkline.topology.errors import TopologyError

    if file.exists():
        raise OutputError(f"{file} is there already; name another file, or move it away")
    text = examples.begin(examples.example(example), name, domain)
    topology, findings = check_text(text, str(file))
    if topology is None:
        raise TopologyError(finding for finding in findings if finding.level == "error")
    beside = file.with_name(examples.SCHEMA_BESIDE)
    write_changed(beside, schema_path("topology").read_bytes(), "choose another folder")
    write_whole(file, text.encode())
    typer.echo(f"{file}: the example {example}; its schema is {beside}")
    places = [finding.path for finding in findings if finding.message.endswith(LEFT_IN)]
    if places:
        typer.echo(f"replace by your own: {', '.join(places)}")
    typer.echo(f"next: trunkline validate {file}")


def schema(
    name: Annotated[
        Schema, typer.Argument(metavar="NAME", help="topology, measurements or prices.")
    ] = Schema.TOPOLOGY,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write, in place of stdout.")
    ] = None,
) -> None:
    """Print the JSON Schema of topology files, of measurement files, or of files of prices.

    Editors and other tools read it: every property, with its default and an example.
    """
    from trunkline.documents.schema import schema_path
    from trunkline.documents.write import write_whole

    content = schema_path(name).read_bytes()
    if output is None:
        typer.echo(content.decode(), nl=False)
        return
    write_whole(output, content)
    typer.echo(f"{output}: the schema of {name} files")
