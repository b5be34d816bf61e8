"""A cloud is known by its facts, and what adding one takes is what CONTRIBUTING.md lists."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.examples import ROOT, TOPOLOGIES

from trunkline.clouds import cloud_class
from trunkline.clouds.base import Cloud
from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.documents.schema import load_schema
from trunkline.errors import ConfigurationError

PACKAGE = ROOT / "constructs" / "trunkline"
SCHEMA = load_schema("topology")

# Modules outside the clouds' folders that may name a cloud in their data, and why.
MAY_NAME_CLOUDS = {
    "bindings/index.py": "the folder in which jsii caches its packages",
    "cli/measurements.py": "the programs whose published figures it takes",
    "clouds/facts.py": "the registry",
    "documents/secrets.py": "the makers of the keys that it finds, whichever clouds are in use",
    "measurements/published_forms.py": "the forms that these figures have",
    "topology/checks/state.py": "the names that a state backend refuses for its buckets",
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_has_facts(cloud: str) -> None:
    facts = facts_of(cloud)
    assert facts.title
    assert "{account}" in facts.credentials or facts.on_this_machine


def test_an_unknown_cloud_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="unknown cloud 'aks'; use one of aws, google, az"):
        facts_of("aks")


def test_facts_load_without_the_framework() -> None:
    code = (
        "import sys; from trunkline.clouds.facts import CLOUDS, facts_of; "
        "list(map(facts_of, CLOUDS)); print([m for m in ('cdktf', 'jsii') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_finds_physical_zones_where_its_facts_say_so(cloud: str) -> None:
    facts = facts_of(cloud)
    finds = cloud_class(cloud).physical_zones is not Cloud.physical_zones
    assert facts.exposes_physical_zones == finds
    assert facts.exposes_physical_zones == (facts.metadata is not None)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_default_sizes_fit_the_pattern_and_have_a_disk(cloud: str) -> None:
    sizes, disk = facts_of(cloud).sizes, facts_of(cloud).disk
    if sizes is None or disk is None:
        assert facts_of(cloud).on_this_machine
        return
    for size in (*sizes.defaults, sizes.example):
        assert re.fullmatch(sizes.pattern, size)


# What adding a cloud takes besides its folder and its line of the registry.


def test_the_schema_names_exactly_the_clouds_that_there_are() -> None:
    site = SCHEMA["$defs"]["site"]
    assert tuple(site["properties"]["cloud"]["enum"]) == CLOUDS
    assert [case["then"]["$ref"] for case in site["allOf"]] == [
        f"#/$defs/{cloud}_site" for cloud in CLOUDS
    ]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_has_its_entry_in_the_schema(cloud: str) -> None:
    properties = SCHEMA["$defs"][f"{cloud}_site"]["properties"]
    assert properties["cloud"]["const"] == cloud
    sizes = facts_of(cloud).sizes
    for size in sizes.defaults if sizes else ():
        assert size in properties["machine"]["description"]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_binding_is_an_extra_of_its_clouds_name(cloud: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    bindings = bindings_of(PACKAGE / "clouds" / cloud)
    assert len(bindings) == (0 if facts_of(cloud).on_this_machine else 1)
    for binding in bindings:
        [pin] = project["optional-dependencies"][cloud]
        assert pin.startswith(f"{binding.replace('_', '-')}==")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_has_a_golden_case(cloud: str) -> None:
    inventories = {path.name for path in (ROOT / "tests" / "golden" / "inventories").iterdir()}
    assert [file for file in TOPOLOGIES if cloud in clouds_of(file) and file.stem in inventories]


def test_no_other_module_names_a_cloud() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if not is_in_a_clouds_folder(path) and any(names_a_cloud(path))
    }
    assert found == set(MAY_NAME_CLOUDS)


def test_no_other_part_of_a_schema_names_a_cloud() -> None:
    own = {"site", *(f"{cloud}_site" for cloud in CLOUDS)}
    others = {name: part for name, part in SCHEMA["$defs"].items() if name not in own}
    measurements = json.loads((ROOT / "schemas" / "measurements.schema.json").read_text("utf-8"))
    for schema in ({**SCHEMA, "$defs": others}, measurements):
        assert not [choice for choice in choices(schema) if choice in CLOUDS]


def bindings_of(folder: Path) -> set[str]:
    """The provider packages that the modules of a folder import."""
    modules = {
        node.module or ""
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    return {each.split(".")[0] for each in modules if each.startswith("cdktf_cdktf_provider_")}


def clouds_of(topology: Path) -> set[str]:
    sites = YAML(typ="safe").load(topology)["sites"]
    return {site["cloud"] for site in sites.values()}


def is_in_a_clouds_folder(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[:-1] in {("clouds", cloud) for cloud in CLOUDS}


def names_a_cloud(path: Path) -> Iterator[str]:
    """The strings of a module that name a cloud, docstrings aside.

    A cloud on this machine is named `local`, which is also an ingress, a state backend and a
    command; so there only a comparison counts.
    """
    elsewhere = {cloud for cloud in CLOUDS if not facts_of(cloud).on_this_machine}
    titles = {facts_of(cloud).title.split()[0] for cloud in elsewhere}
    word = re.compile(rf"(?<![a-z])({'|'.join(elsewhere | titles)})(?![a-z])", re.IGNORECASE)
    tree = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in prose:
            yield from word.findall(str(node.value))
        if isinstance(node, ast.Compare):
            names = {f"'{cloud}'" for cloud in set(CLOUDS) - elsewhere}
            text = ast.unparse(node)
            yield from (name for name in names if name in text and "cloud" in text)


def choices(schema: Any) -> Iterator[str]:
    """Every value that some enum or const of a schema names."""
    if isinstance(schema, dict):
        yield from (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else []))
        for part in schema.values():
            yield from choices(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from choices(part)
