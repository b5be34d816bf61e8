"""`trunkline zones`: shows the physical zone behind each zone name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.cli.output import Format, new_table, print_json, print_table, working

if TYPE_CHECKING:
    from trunkline.measurements import Measurements, Zone
    from trunkline.model import Topology
    from trunkline.placement.matrix import Candidate
    from trunkline.placement.zones import Identification


def zones(
    measurements: Annotated[
        list[str], typer.Argument(metavar="MEASUREMENTS...", help="Measurement files.")
    ],
    topology: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Show where its candidate zones were measured."),
    ] = None,
    physical_zones: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="JSON for the topology, as trunkline physical-zones writes it."
        ),
    ] = None,
    threshold_ms: Annotated[
        float, typer.Option(min=0.001, help="Zones that are farther apart are different.")
    ] = 2.0,
    apart_ms: Annotated[
        float,
        typer.Option(min=0.001, help="The least latency between different zones of a region."),
    ] = 0.3,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show the physical zone behind each zone name of each account, and how it is known.

    Physical zones that the cloud reports count. Without them, zones of two accounts are the same if
    the latency leaves no doubt, and unsure otherwise.
    """
    from trunkline.errors import ConfigurationError
    from trunkline.measurements import load
    from trunkline.topology import load as load_topology

    if physical_zones and not topology:
        raise ConfigurationError("--physical-zones needs a topology; add --topology FILE")
    wanted = load_topology(topology) if topology else None
    with working("comparing zones"):
        files = [load(file) for file in measurements]
        found, candidates = _find(files, wanted, physical_zones, threshold_ms, apart_ms)
    emulated = any(file.method.emulated for file in files)
    if format is Format.JSON:
        print_json(_report(found, candidates, emulated))
    else:
        _print(found, candidates, emulated)


def _find(
    files: Sequence[Measurements],
    topology: Topology | None,
    physical_zones: Path | None,
    threshold_ms: float,
    apart_ms: float,
) -> tuple[Identification, list[Candidate]]:
    """What is known about all zones, and where the topology's candidates were measured."""
    from trunkline.measurements import Zone
    from trunkline.placement.matrix import candidates_in
    from trunkline.placement.physical import load_physical_zones
    from trunkline.placement.zones import identify

    if topology is None:
        return identify(files, None, threshold_ms, apart_ms), []
    reported = load_physical_zones(physical_zones, topology) if physical_zones else {}
    physical = {
        Zone.of(site, zone): physical_zone
        for site in topology.sites
        for zone, physical_zone in reported.get(site.name, {}).items()
    }
    found = identify(files, physical, threshold_ms, apart_ms)
    return found, candidates_in(topology, files, reported)


def _evidence(found: Identification, zone: Zone) -> tuple[str, str]:
    """The physical zone in words, and how it is known."""
    others = [f"{match.other(zone)} ({match.reason})" for match in found.same(zone)]
    doubts = [f"{match.other(zone)}: {match.reason}" for match in found.unsure(zone)]
    if zone in found.physical:
        return found.physical[zone], "; ".join(["the cloud", *[f"same as {o}" for o in others]])
    if others:
        text = (
            found.physical_zone(zone) or f"as {min(str(m.other(zone)) for m in found.same(zone))}"
        )
        return text, f"latency: same as {'; '.join(others)}"
    if doubts:
        return "unsure", "; ".join(doubts)
    return "not known", _unreported(zone)


def _unreported(zone: Zone) -> str:
    """Why the physical zone is not known; a measurement file may name any cloud."""
    from trunkline.clouds.facts import CLOUDS, facts_of

    what = "the cloud has not reported it"
    if zone.cloud in CLOUDS and not facts_of(zone.cloud).exposes_physical_zones:
        what = f"cloud {zone.cloud} does not expose physical zones"
    return f"{what}, and no zone of another account is near enough to compare"


def _report(
    found: Identification, candidates: Sequence[Candidate], emulated: bool
) -> Mapping[str, Any]:
    rows = []
    for zone in found.zones:
        text, evidence = _evidence(found, zone)
        by = "cloud" if zone in found.physical else "latency" if found.same(zone) else None
        rows.append(
            {
                "cloud": zone.cloud,
                "region": zone.region,
                "account": zone.owner,
                "zone": zone.name,
                "physical_zone": found.physical_zone(zone),
                "by": by,
                "same_as": [str(m.other(zone)) for m in found.same(zone)],
                "unsure": text == "unsure",
                "evidence": evidence,
            }
        )
    measured = {each.name: list(each.measured) or each.reason for each in candidates}
    return {
        "emulated": emulated,
        "zones": rows,
        "disagreements": list(found.disagreements),
        "topology": measured,
    }


def _print(found: Identification, candidates: Sequence[Candidate], emulated: bool) -> None:
    from trunkline.placement.heatmap import EMULATED

    if emulated:
        typer.echo(EMULATED)
    table = new_table("account", "cloud", "region", "zone", "physical zone", "how it is known")
    for zone in sorted(found.zones, key=lambda each: (each.cloud, each.owner, each)):
        table.add_row(zone.owner, zone.cloud, zone.region, zone.name, *_evidence(found, zone))
    print_table(table)
    for text in found.disagreements:
        typer.echo(f"disagreement: {text}")
    for each in candidates:
        where = f"measured as {', '.join(each.measured)}" if each.measured else each.reason
        typer.echo(f"{each.name}: {where}")
