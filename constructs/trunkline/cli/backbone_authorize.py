"""`trunkline backbone authorize`: has ZeroTier let the edges into their network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, new_table, print_json, print_table, working

if TYPE_CHECKING:
    from trunkline.backbone.central import MemberChange
    from trunkline.model import BackboneSettings, Topology


def authorize(
    topology: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="The topology whose edges are let in.")
    ] = TOPOLOGY,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Let the edges of a topology with kind zerotier into their network, each with its address.

    ZeroTier Central is asked, with an API token of your account in ZEROTIER_CENTRAL_TOKEN. The
    network has to be private. It gets the managed route of the overlay, and a member for each edge,
    which may be there before its machine is. Members of edges and keys that are gone are shut out;
    other members stay as they are. What is as it should be is not changed, so that the command may
    run at any time.

    The new Central of ZeroTier has another API: enter there by hand what trunkline keys prints.

    \b
    export ZEROTIER_CENTRAL_TOKEN=...
    trunkline backbone authorize
    trunkline backbone authorize topology.yaml --format json

    Exit codes: 0 all edges are let in; 2 they are not, or not all.
    """
    import os

    from trunkline.backbone.central import Central
    from trunkline.backbone.zerotier import members_of
    from trunkline.topology import load

    loaded = load(topology)
    backbone = _backbone(loaded)
    central = Central(backbone.network_id, os.environ)
    with working("Asking ZeroTier Central"):
        changes = [*central.authorize(loaded.name, backbone.cidr, members_of(backbone))]
    if format is Format.JSON:
        from attrs import asdict

        route, *members = map(asdict, changes)
        data = {"target": route["address"], "became": route["became"]}
        print_json({"network_id": backbone.network_id, "route": data, "members": members})
    else:
        _print(changes)


def _backbone(topology: Topology) -> BackboneSettings:
    """The backbone, with all its nodes; ConfigurationError where there is nobody to let in."""
    from trunkline.errors import ConfigurationError

    backbone = topology.backbone
    if backbone is None or not backbone.network_id:
        raise ConfigurationError(
            f"the edges of {topology.name} join no network of ZeroTier's: this is for "
            "backbone.kind zerotier"
        )
    for site in topology.sites:
        if len(backbone.nodes.get(site.name, ())) < len(topology.node_names(site.name)):
            raise ConfigurationError(
                f"there are no keys yet for the edges of {site.name}: run trunkline keys first"
            )
    return backbone


def _print(changes: list[MemberChange]) -> None:
    table = new_table("member", "edge", "address", "")
    for change in changes:
        edge = change.node or "the managed route"
        table.add_row(change.member or "-", edge, change.address, change.became)
    print_table(table)
