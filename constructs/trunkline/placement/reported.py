"""The physical zones that the clouds report: the outputs of the zones stacks that are applied."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.documents.findings import shown
from trunkline.errors import TerraformError
from trunkline.model import Site, Topology
from trunkline.placement.physical import PhysicalZones
from trunkline.terraform.run import Terraform

OUTPUT = "physical_zones"
"""The output of a zones stack: a mapping from zone to physical zone, null where there is none."""


@frozen
class ReportedZones:
    """The physical zones that are known, and a sentence for each reason why others are not."""

    zones: PhysicalZones
    missing: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many zones are known."""
        return sum(map(len, self.zones.values()))


def read_reported_zones(
    file: str, topology: Topology, stacks: Path, terraform: Terraform
) -> ReportedZones:
    """The physical zone of every candidate zone of `topology` whose cloud reports it.

    `stacks` is where `trunkline synth` wrote the stacks of the topology `file`.
    """
    zones: dict[str, Mapping[str, str]] = {}
    missing: list[str] = []
    for site in topology.sites:
        try:
            found = _of_site(file, site, stacks, terraform)
        except TerraformError as error:
            missing.append(f"{site.name}: {error}")
            continue
        reported = {zone: place for zone in site.zones if (place := found.get(zone))}
        if reported:
            zones[site.name] = reported
        missing += [_unknown(site, zone, found) for zone in site.zones if zone not in reported]
    return ReportedZones(zones, tuple(missing))


def _of_site(file: str, site: Site, stacks: Path, terraform: Terraform) -> Mapping[str, str | None]:
    """The output of a site's zones stack; TerraformError says what to do if there is none."""
    if not facts_of(site.cloud).exposes_physical_zones:
        raise TerraformError(
            f"cloud {site.cloud} does not expose which physical zones its zone names mean; "
            "measure in this site"
        )
    folder = stacks / "stacks" / f"zones-{site.name}"
    apply = f"terraform -chdir={folder} init && terraform -chdir={folder} apply"
    if not (folder / "cdk.tf.json").exists():
        synth = f"trunkline synth {file} --output {stacks}"
        raise TerraformError(f"{folder} is not there; run {synth}, then {apply}")
    try:
        value = terraform.output(folder, OUTPUT)
    except TerraformError as error:
        raise TerraformError(f"{error}; run {apply}") from error
    if not _is_mapping_of_names(value):
        raise TerraformError(f"the output of {folder} is {shown(value)}; run {apply}")
    found: Mapping[str, str | None] = value
    return found


def _is_mapping_of_names(value: Any) -> bool:
    return isinstance(value, dict) and all(
        place is None or isinstance(place, str) for place in value.values()
    )


def _unknown(site: Site, zone: str, found: Mapping[str, str | None]) -> str:
    if zone in found:
        return f"{site.name}: the account has no zone {zone} in {site.region}; correct its zones"
    return (
        f"{site.name}: the stack was applied before zone {zone} was a candidate; "
        f"synthesize and apply zones-{site.name} again"
    )
