"""`trunkline keys`: makes the keys of a topology, and rotates them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, print_json, working

if TYPE_CHECKING:
    from trunkline.deploy.keys import Keys
    from trunkline.model import Key, Topology

FILE = "keys.env"


class KeyName(StrEnum):
    """The keys by their names."""

    PROBE = "probe"
    EDGE = "edge"
    BACKBONE = "backbone"


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
    site: Annotated[
        str | None, typer.Option(help="Rotate or retire the keys of this site's nodes alone.")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="text: what was done. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Make the keys that a topology needs, in a file that only you may read.

    The public halves of a backbone's keys go into the nodes file beside the topology, like
    topology.nodes.yaml: commit that one.

    A key that is there stays as it is, and none is printed; the dates of nodes' keys are. Load them
    with: . ./keys.env. Terraform and collect take them from the environment.

    To rotate the key of the edges: --rotate edge, load the file, apply the edges, and half a minute
    later routing; then --retire edge, load the file, and apply the edges again. The edges take both
    keys in between, so that no request is lost. It is the same for --rotate backbone: apply the
    edges of all sites in any order, then --retire backbone, and apply them again.

    With Nebula, the key of the authority that signs certificates stays in the file: it is exported
    to nobody. A certificate ends after a year; this command makes a new one in the last 60 days.

    Exit codes: 0 the file holds every key that is needed; 2 it was not changed.
    """
    from trunkline.deploy.keys import Keys, KeysError, keys_of
    from trunkline.topology import load
    from trunkline.topology.nodes import nodes_path

    if rotate and retire:
        raise KeysError("--rotate and --retire are two steps, with applies between them; give one")
    if site and KeyName.BACKBONE not in (rotate, retire):
        raise KeysError("--site is for --rotate backbone and --retire backbone; leave it out")
    loaded = load(topology)
    before = Keys.read(file)
    _check_nodes(topology, loaded, before)
    after = before
    for key in _named(rotate, loaded, site):
        after = after.rotated(key)
    for key in _named(retire, loaded, site):
        after = after.retired(key)
    for key in keys_of(loaded):
        after = after.having(key)
    if after != before:
        after.write(file)
    joined = _write_nodes(topology, loaded, after)
    public = (_what(joined), nodes_path(topology)) if joined.backbone else None
    _report(file, before, after, _dates(joined), public, _by_hand(joined), format)


def _named(name: KeyName | None, topology: Topology, site: str | None) -> tuple[Key, ...]:
    """The keys that a rotation is about; KeysError where the topology has none of them."""
    from trunkline.backbone import driver_of
    from trunkline.deploy.keys import KeysError, authority_keys, backbone_keys
    from trunkline.model import EDGE_KEY, PROBE_KEY

    if name is not KeyName.BACKBONE:
        return {None: (), KeyName.PROBE: (PROBE_KEY,), KeyName.EDGE: (EDGE_KEY,)}[name]
    if not topology.backbone:
        raise KeysError("the topology has no backbone; say backbone.kind in it first")
    driver = driver_of(topology.backbone.kind)
    if credential := driver.credential:
        raise KeysError(
            "the machines of this backbone make their keys themselves, with "
            f"{credential.what}. For another one {credential.remedy}, set "
            f"TF_VAR_{credential.variable} to it, and raise backbone.auth_key_version"
        )
    if not driver.makes_keys:
        raise KeysError(
            "Cloudflare makes the tokens of this backbone's machines, and apply brings them there: "
            "there is no key to rotate. To give a machine another token, have Terraform replace "
            "its connector"
        )
    if not (found := backbone_keys(topology, site)):
        raise KeysError(f"there is no site {site}; name one of the topology's sites")
    return found if site else (*found, *authority_keys(topology))


def _check_nodes(file: str, topology: Topology, keys: Keys) -> None:
    """KeysError where the nodes file could not be written, or holds keys that are not ours."""
    from trunkline.deploy.keys import KeysError

    if topology.backbone:
        from trunkline.deploy.nodes import Nodes

        if file == "-":
            raise KeysError("standard input has no place for the nodes file: name a topology file")
        Nodes.of(topology).check(keys)


def _write_nodes(file: str, topology: Topology, keys: Keys) -> Topology:
    """Write the public halves beside the topology; the topology with them."""
    if not topology.backbone:
        return topology
    from datetime import UTC, datetime

    from trunkline.deploy.nodes import Nodes
    from trunkline.topology.nodes import nodes_path

    with working("Making what the nodes file has"):
        nodes = Nodes.of(topology).following(keys, datetime.now(UTC).date().isoformat())
    nodes.write(nodes_path(file))
    return nodes.joined()


def _by_hand(topology: Topology) -> str:
    """What the backbone's vendor has to be told, and what is brought from there."""
    if not topology.backbone:
        return ""
    from trunkline.backbone import driver_of

    networks = topology.carried_networks.values()
    return driver_of(topology.backbone.kind).by_hand(topology.backbone, networks)


def _dates(topology: Topology) -> dict[str, dict[str, str]]:
    """When each key of a node was made, and until when its certificate lasts, by its name."""
    from trunkline.deploy.keys import name_in_file
    from trunkline.model import AUTHORITY_KEY, node_key

    if not topology.backbone:
        return {}
    ends = [each.expires for each in topology.backbone.authorities]
    names = (AUTHORITY_KEY.variable, AUTHORITY_KEY.previous)
    found = {name: {"certificate_until": end} for name, end in zip(names, ends, strict=False)}
    for node in (node for nodes in topology.backbone.nodes.values() for node in nodes):
        key = node_key(node.name)
        for name, each in zip((key.variable, key.previous), node.keys, strict=False):
            until = {"certificate_until": each.expires} if each.expires else {}
            found[name] = {"made": each.made, **until}
    return {name_in_file(name): dates for name, dates in found.items()}


def _with_dates(what: str, dates: dict[str, str]) -> str:
    """What became of a key, and its dates, for a line."""
    if what == "forgotten":
        return what
    made, until = dates.get("made"), dates.get("certificate_until")
    said = [] if what == "made" and made else [what]
    said += [f"made on {made}"] if made else []
    said += [f"certificate until {until}"] if until else []
    return ", ".join(said)


def _what(topology: Topology) -> str:
    """What the nodes file has."""
    from trunkline.deploy.keys import backbone_keys

    return "public halves" if backbone_keys(topology) else "addresses of the nodes"


def _report(
    file: Path,
    before: Keys,
    after: Keys,
    dates: dict[str, dict[str, str]],
    public: tuple[str, Path] | None,
    by_hand: str,
    format: Format,
) -> None:
    """What each variable is now: made, changed, kept or forgotten."""
    from trunkline.deploy.keys import name_in_file

    said = {
        name_in_file(name): _what_became(before.values.get(name), after.values.get(name))
        for name in {**before.values, **after.values}
    }
    if format is Format.JSON:
        nodes = {"nodes": str(public[1])} if public else {}
        rest = {"by_hand": by_hand} if by_hand else {}
        known = {name: dates[name] for name in said if name in dates}
        print_json({"file": str(file), "keys": said, "dates": known, **nodes, **rest})
        return
    if by_hand:
        typer.echo(f"{by_hand}\n")
    if not said:
        typer.echo("this topology needs no keys")
        return
    for name, what in said.items():
        typer.echo(f"{name}: {_with_dates(what, dates.get(name, {}))}")
    typer.echo(f"load them with: . {file if file.is_absolute() else f'./{file}'}")
    if public:
        what, path = public
        typer.echo(f"the {what} are in {path}: commit it")


def _what_became(before: str | None, after: str | None) -> str:
    if after is None:
        return "forgotten"
    if before is None:
        return "made"
    return "kept" if before == after else "changed"
