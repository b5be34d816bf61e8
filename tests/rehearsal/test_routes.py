"""Routes of existing networks lead to the machine that carries them, by the real Terraform."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.terraform import routes_app
from contract.terraform.routes_app import FAR, OWN, TABLES
from doubles.providers.double import listening
from doubles.providers.plugin_mirror import schema_files
from doubles.providers.terraform_runner import TerraformError, TerraformRunner
from support.examples import ROOT
from support.needs import needs

from rehearsal.clouds import BY_CLOUD
from rehearsal.terraform import environment
from rehearsal.test_private_names import OneCloud
from rehearsal.world import World

pytestmark = [pytest.mark.slow, needs("terraform")]


def stack(folder: Path, cloud: str, *tables: str) -> Path:
    """The folder of the stack, whose topology names these route tables."""
    paths = f"{ROOT / 'constructs'}:{ROOT / 'tests'}"
    env = {**os.environ, "PYTHONPATH": paths, "CDKTF_OUTDIR": str(folder)}
    command = [sys.executable, str(routes_app.__file__), cloud, *tables]
    subprocess.run(command, check=True, env=env, timeout=300)
    return folder / "stacks" / f"routes-{cloud}"


@contextlib.contextmanager
def running(folder: Path, cloud: str, *tables: str) -> Iterator[tuple[World, TerraformRunner]]:
    """The stack, initialized, in a world whose network has the table of TABLES."""
    effects = OneCloud(cloud)
    there = routes_app.existing(cloud, TABLES[cloud])
    for type_name, state in BY_CLOUD[cloud].network(routes_app.SITES[cloud], there):
        effects.world.put_before(type_name, state)
    with listening(schema_files(), effects) as addresses:
        env = environment(folder, addresses)
        made = stack(folder / "out", cloud, *tables)
        run = TerraformRunner(made, folder / "work", env)
        run.init()
        yield effects.world, run


def ways(cloud: str, world: World) -> list[dict[str, str]]:
    """Where the routes of each subnet lead."""
    kind = {"aws": "aws_subnet", "azure": "azurerm_subnet"}[cloud]
    networks = {
        (each["vpc_id"], each["cidr_block"])
        if cloud == "aws"
        else (f"shared/{each['virtual_network_name']}", each["address_prefixes"][0])
        for each in world.all(kind)
    }
    sky = BY_CLOUD[cloud]
    return [dict(sky.routes(world, name, cidr, lambda _: True)) for name, cidr in networks]


@pytest.mark.parametrize("cloud", sorted(TABLES))
def test_all_subnets_of_a_table_that_is_named_reach_the_far_network(
    cloud: str, tmp_path: Path
) -> None:
    with running(tmp_path, cloud, TABLES[cloud]) as (world, run):
        run.apply()
        [edge] = world.all(BY_CLOUD[cloud].machine_type)
        found = ways(cloud, world)
        assert found
        address = BY_CLOUD[cloud].plug(world, edge).private
        assert all(way == {FAR: address} for way in found)
        assert address.startswith(OWN.removesuffix("0.0/16"))
        run.assert_plan_is_empty()
        run.destroy()
        assert not any(ways(cloud, world))


def test_a_route_of_somebody_elses_is_not_taken_over(tmp_path: Path) -> None:
    with running(tmp_path, "aws", TABLES["aws"]) as (world, run):
        other = {"route_table_id": TABLES["aws"], "destination_cidr_block": FAR}
        world.put_before("aws_route", {"id": "r-other", **other, "gateway_id": "vgw-1"})
        with pytest.raises(TerraformError, match="RouteAlreadyExists"):
            run.apply()


def test_a_subnet_of_azure_that_has_a_table_is_not_given_another(tmp_path: Path) -> None:
    with (
        running(tmp_path, "azure") as (_, run),
        pytest.raises(TerraformError, match="already exists - to be managed"),
    ):
        run.apply()
