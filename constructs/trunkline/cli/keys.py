"""`trunkline keys`: makes the keys of a topology, and rotates them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, print_json

if TYPE_CHECKING:
    from trunkline.deploy.keys import Keys
    from trunkline.model import Key

FILE = "keys.env"


class KeyName(StrEnum):
    """The keys by their names."""

    PROBE = "probe"
    EDGE = "edge"


def keys(
    topology: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="The topology that needs the keys.")
    ] = TOPOLOGY,
    file: Annotated[Path, typer.Option(help="The file of the keys.")] = Path(FILE),
    rotate: Annotated[
        KeyName | None, typer.Option(help="Make a new key in place of the one that is there.")
    ] = None,
    retire: Annotated[
        KeyName | None, typer.Option(help="Forget the key before the last one.")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="text: what was done. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Make the keys that a topology needs, in a file that only you may read.

    A key that is there stays as it is, and none is printed. Load them with: . ./keys.env. Terraform
    and collect take them from the environment.

    To rotate the key of the edges: --rotate edge, load the file, apply the edges, and half a minute
    later routing; then --retire edge, load the file, and apply the edges again. The edges take both
    keys in between, so that no request is lost.

    Exit codes: 0 the file holds every key that is needed; 2 it was not changed.
    """
    from trunkline.deploy.keys import Keys, KeysError, keys_of
    from trunkline.topology import load

    if rotate and retire:
        raise KeysError("--rotate and --retire are two steps, with applies between them; give one")
    needed = keys_of(load(topology))
    before = Keys.read(file)
    after = before
    if rotate:
        after = after.rotated(_key(rotate))
    if retire:
        after = after.retired(_key(retire))
    for key in needed:
        after = after.having(key)
    if after != before:
        after.write(file)
    _report(file, before, after, format)


def _key(name: KeyName) -> Key:
    from trunkline.deploy.keys import KEYS

    return next(key for key in KEYS if key.name == name)


def _report(file: Path, before: Keys, after: Keys, format: Format) -> None:
    """What each variable is now: made, changed, kept or forgotten."""
    said = {
        f"TF_VAR_{name}": _what_became(before.values.get(name), after.values.get(name))
        for name in {**before.values, **after.values}
    }
    if format is Format.JSON:
        print_json({"file": str(file), "keys": said})
        return
    if not said:
        typer.echo("this topology needs no keys")
        return
    for name, what in said.items():
        typer.echo(f"{name}: {what}")
    typer.echo(f"load them with: . {file if file.is_absolute() else f'./{file}'}")


def _what_became(before: str | None, after: str | None) -> str:
    if after is None:
        return "forgotten"
    if before is None:
        return "made"
    return "kept" if before == after else "changed"
