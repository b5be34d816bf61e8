"""The command `trunkline`: parse, call, print. Everything it does can be done from Python as well.

Exit codes: 0 done (warnings allowed), 2 a mistake in the input, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from trunkline.errors import TrunklineError
from trunkline.outline import outline

if TYPE_CHECKING:
    from trunkline.model import Topology
    from trunkline.synthesis import StackSummary
    from trunkline.topology import Finding

Checked = tuple[str, "Topology | None", list["Finding"]]
"""A file's name, its topology where it has no error, and its findings."""

_COLORS = {"error": "\x1b[31m", "warning": "\x1b[33m"}
_RESET = "\x1b[0m"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Turn one topology file into Terraform for a private backbone across clouds.",
)


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def main() -> None:
    """Run the command line; a user's mistake ends with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A name in a topology must not fail to print where the terminal knows only ASCII.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="trunkline")
        sys.stdout.flush()
    except TrunklineError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader has gone; give Python's last flush somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"trunkline {version('trunkline')}")
        except PackageNotFoundError:
            typer.echo("trunkline (run from a checkout, not installed)")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Topology files, YAML or JSON.")
    ],
    format: Annotated[
        Format,
        typer.Option(help="text: findings on stderr. json: one object on stdout, for tools."),
    ] = Format.TEXT,
) -> None:
    """Check topology files and name every mistake at once.

    Each finding reads file:line:column: path: what is wrong; what to do. Nothing is written and no
    cloud is asked. Exit code 2 means that a file has an error; warnings alone do not fail.
    """
    from trunkline.topology import check_file

    checked: list[Checked] = [(file, *check_file(file)) for file in files]
    if format is Format.JSON:
        typer.echo(json.dumps(_report(checked), indent=2))
    else:
        _print_text(checked)
    if any(topology is None for _, topology, _ in checked):
        raise typer.Exit(2)


@app.command()
def synth(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A topology file.")],
    output: Annotated[
        Path, typer.Option(help="Where the stacks go; CDKTF reads them there.")
    ] = Path("cdktf.out"),
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Write the Terraform JSON of every stack, and show what was made.

    A file with an error writes nothing. What Terraform keeps beside the stacks is left alone.
    """
    from trunkline.topology import load

    topology = load(file)
    from trunkline.synthesis import stale_stacks, synthesize

    with _working(f"synthesizing {file}"):
        summaries = synthesize(topology, output)
    needs = {stack.name: stack.needs for stack in outline(topology)}
    if format is Format.JSON:
        typer.echo(json.dumps([_stack(summary, needs) for summary in summaries], indent=2))
    else:
        _print_stacks(summaries, needs, output)
    for folder in stale_stacks(output):
        typer.echo(
            f"{folder} is no longer in the topology: destroy it with terraform -chdir={folder} "
            "destroy, then delete the folder",
            err=True,
        )


def _working(text: str) -> AbstractContextManager[object]:
    """A spinner on stderr while the work goes on; nothing where stderr is no terminal."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def _stack(summary: StackSummary, needs: Mapping[str, Sequence[str]]) -> dict[str, object]:
    return {
        "name": summary.name,
        "folder": str(summary.folder),
        "resources": dict(summary.resources),
        "needs": list(needs[summary.name]),
    }


def _print_stacks(
    summaries: Sequence[StackSummary], needs: Mapping[str, Sequence[str]], output: Path
) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("stack", "resources", "needs, to be applied"):
        table.add_column(heading, overflow="fold")
    for summary in summaries:
        table.add_row(summary.name, _counts(summary), "; ".join(needs[summary.name]))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, no_color=not _wants_color(sys.stdout)).print(table)
    total = sum(sum(summary.resources.values()) for summary in summaries)
    typer.echo(
        f"\n{_number(len(summaries), 'stack')}, {_number(total, 'resource')} in {output}/stacks. "
        f"Apply one: terraform -chdir={output}/stacks/{summaries[-1].name} init && "
        f"terraform -chdir={output}/stacks/{summaries[-1].name} apply"
    )


def _counts(summary: StackSummary) -> str:
    return ", ".join(f"{count} {provider}" for provider, count in summary.resources.items())


def _report(checked: Sequence[Checked]) -> dict[str, object]:
    files = [{"file": file, "valid": topology is not None} for file, topology, _ in checked]
    findings = [finding.as_dict() for *_, found in checked for finding in found]
    return {"valid": all(file["valid"] for file in files), "files": files, "findings": findings}


def _print_text(checked: Sequence[Checked]) -> None:
    color = _wants_color(sys.stderr)
    for file, topology, findings in checked:
        for finding in findings:
            typer.echo(_colored(finding) if color else str(finding), err=True, color=color)
        if topology is not None:
            typer.echo(f"{file}: valid: {_contents(topology)}")
    errors, warnings = (_count(checked, level) for level in ("error", "warning"))
    if errors or warnings:
        typer.echo(f"{_number(errors, 'error')}, {_number(warnings, 'warning')}", err=True)


def _wants_color(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _colored(finding: Finding) -> str:
    place, text = str(finding).split(": ", 1)
    return f"{place}: {_COLORS[finding.level]}{text}{_RESET}"


def _count(checked: Sequence[Checked], level: str) -> int:
    return sum(finding.level == level for *_, findings in checked for finding in findings)


def _contents(topology: Topology) -> str:
    sites = topology.sites
    counts = (
        (len(sites), "site"),
        (sum(len(site.zones) for site in sites), "zone"),
        (len(topology.routing.routes), "route"),
        (len(outline(topology)), "stack"),
    )
    return ", ".join(_number(count, noun) for count, noun in counts)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
