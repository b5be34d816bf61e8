"""Sites for the constructs: the examples of the schema, so that a new cloud needs nothing here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attrs import frozen
from scripts.reference.schema_tree import sections
from scripts.reference.schema_values import Schema

from trunkline import Site
from trunkline.topology import check_text

NEW, EXISTING = "new network", "existing network"

CLOUDFLARE = {"account_id": "0123456789abcdef0123456789abcdef"}


@frozen
class ExampleSite:
    """A site, and the network that it has in words."""

    network: str
    site: Site


def example_sites(schema: Schema) -> Iterator[ExampleSite]:
    """A site of every cloud in a new network, and in one that exists where the cloud has that."""
    shapes = {section.path: section.variants for section in sections(schema)}
    sites, networks = shapes["sites.<site>"], shapes["sites.<site>.network.existing"]
    existing = {each.label: each.schema["examples"][0] for each in networks}
    for cloud, site in ((each.label, each.schema["examples"][0]) for each in sites):
        yield ExampleSite(NEW, _site(cloud, site))
        if cloud in existing:
            network = {"existing": existing[cloud]}
            yield ExampleSite(EXISTING, _site(cloud, {**site, "network": network}))


def _site(cloud: str, site: dict[str, Any]) -> Site:
    topology, findings = check_text(
        json.dumps(
            {
                "name": "reference",
                "domain": "example.com",
                **({"local": {}} if cloud == "local" else {"cloudflare": CLOUDFLARE}),
                "sites": {"main": site},
                "routing": {"routes": {"/": {"site": "main"}}},
            }
        )
    )
    if topology is None:
        raise ValueError(f"the example is not valid: {findings}")
    return topology.sites[0]
