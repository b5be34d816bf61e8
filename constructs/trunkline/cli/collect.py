"""`trunkline collect`: writes the results of all probes to one measurement file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.output import Format, number, print_json

if TYPE_CHECKING:
    from trunkline.measurements import Measurements
    from trunkline.probing.collect import Collection, CollectionProgress

KEY_VARIABLES = ("TRUNKLINE_PROBE_KEY", "TF_VAR_probe_key")


def collect(
    file: Annotated[str, typer.Argument(metavar="TOPOLOGY", help="The topology of the probes.")],
    key_file: Annotated[
        Path | None,
        typer.Option(help=f"The probes' key. Without it: {' or '.join(KEY_VARIABLES)}."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The measurement file. Without it: measurements/<topology's name>.json."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait until every probe has measured every pair once."),
    ] = 900,
    history: Annotated[
        bool, typer.Option(help="Keep each sweep in a file of its own too, in <output>.history/.")
    ] = True,
    format: Annotated[
        Format, typer.Option(help="text: what was fetched. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Fetch what the probes have measured, and write it to a measurement file.

    If probes are late or missing, the rest is saved and marked as partial. An existing file is
    completed: run the command again for the missing pairs. Ctrl-C saves what was fetched until
    then.

    Exit codes: 0 results were fetched; 2 none were; 130 after Ctrl-C.
    """
    from trunkline.measurements.history import history_folder
    from trunkline.probing.addresses import probe_addresses
    from trunkline.probing.collect import collect as collect_all
    from trunkline.probing.document import missing_pairs, without_odd_figures
    from trunkline.probing.saved import read_earlier, save_collection
    from trunkline.probing.sweeps import save_sweeps
    from trunkline.topology import load

    topology = load(file)
    zones = probe_addresses(topology)
    key = _key(key_file)
    path = output or Path("measurements") / f"{topology.name}.json"
    earlier = read_earlier(path, topology)
    with _progress(len(zones)) as report:
        collection = collect_all(zones, key, wait_seconds=wait, report=report)
    collection = without_odd_figures(topology, collection)
    found = save_collection(path, topology, collection, earlier)
    missing = missing_pairs(topology, found.pair_by_ends)
    # An output such as /dev/stdout has no folder beside it.
    folder = history_folder(path) if history and path.is_file() else None
    added = save_sweeps(folder, topology, collection) if folder else []
    _print(path, found, missing, collection, added, format)
    if collection.interrupted:
        raise typer.Exit(130)
    if not collection.results:
        raise typer.Exit(2)


def _key(key_file: Path | None) -> bytes:
    from trunkline.probing.key import ProbeKeyError, parse_key

    if key_file is not None:
        try:
            return parse_key(key_file.read_text("ascii", "replace"), str(key_file))
        except OSError as error:
            raise ProbeKeyError(
                f"{key_file}: {error.strerror}; name the file of the probes' key with --key-file"
            ) from error
    for variable in KEY_VARIABLES:
        if os.environ.get(variable):
            return parse_key(os.environ[variable], variable)
    raise ProbeKeyError(
        f"the probes' key is missing; set {KEY_VARIABLES[1]} to the key that the probes were "
        "deployed with, or name its file with --key-file"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[CollectionProgress], None]]:
    """A progress bar on stderr if it is a terminal; notes are printed as lines in any case."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(f"asking {number(total, 'probe')}", total=total)

        def report(progress: CollectionProgress) -> None:
            text = f"{progress.ready} of {total} probes have measured"
            if progress.responding < total:
                text += f", {total - progress.responding} do not answer yet"
            bar.update(task, completed=progress.ready, description=text)
            if progress.note:
                print(progress.note, file=sys.stderr)

        yield report


def _print(
    path: Path,
    found: Measurements,
    missing: int,
    collection: Collection,
    added: Sequence[Path],
    format: Format,
) -> None:
    if format is Format.JSON:
        print_json(_report(path, found, missing, collection, added))
    elif collection.results:
        typer.echo(_summary(path, found, missing))
        if added:
            typer.echo(f"{added[0].parent}: {number(len(added), 'new file')}")
    for name, reason in collection.failures.items():
        typer.echo(f"{name}: {reason}", err=True)
    if not collection.results:
        typer.echo("no probe has answered; nothing was written", err=True)
    elif not found.complete:
        pairs = number(missing, "pair")
        typer.echo(f"partial: {pairs} missing; run it again when the probes are up", err=True)


def _summary(path: Path, found: Measurements, missing: int) -> str:
    measured = sum(zone.status == "measured" for zone in found.zones)
    emulated = ", emulated distances" if found.method.emulated else ""
    return (
        f"{path}: {len(found.pairs)} of {len(found.pairs) + missing} pairs, "
        f"{measured} of {number(len(found.zones), 'zone')}{emulated}"
    )


def _report(
    path: Path,
    found: Measurements,
    missing: int,
    collection: Collection,
    added: Sequence[Path],
) -> dict[str, object]:
    return {
        "file": str(path),
        "complete": found.complete,
        "emulated": found.method.emulated,
        "interrupted": collection.interrupted,
        "pairs": len(found.pairs),
        "missing_pairs": missing,
        "failures": dict(collection.failures),
        "history": [str(each) for each in added],
    }
