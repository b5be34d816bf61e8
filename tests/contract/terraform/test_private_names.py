"""Private names in an account that moto plays, by the real AWS provider."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from contract.terraform import names_app
from contract.terraform.conftest import Run
from contract.terraform.moto_server import call
from support.examples import ROOT

pytestmark = pytest.mark.slow


def stack(cloud: str, network: str, folder: Path) -> Path:
    """The folder of the stack of a cloud's names."""
    paths = f"{ROOT / 'constructs'}:{ROOT / 'tests'}"
    env = {**os.environ, "PYTHONPATH": paths, "CDKTF_OUTDIR": str(folder)}
    command = [sys.executable, str(names_app.__file__), cloud, network]
    subprocess.run(command, check=True, env=env, timeout=300)
    return folder / "stacks" / f"names-{cloud}"


def test_aws_has_private_zones_of_the_vpc(tmp_path: Path, aws_run: Run, moto: str) -> None:
    run = aws_run(stack("aws", "new", tmp_path / "out"))
    run.init()
    run.apply()
    run.assert_plan_is_empty()
    zones = call(moto, "route53", "list_hosted_zones")["HostedZones"]
    assert {zone["Name"] for zone in zones} == {"api.example.com.", "example.net."}
    assert all(zone["Config"]["PrivateZone"] for zone in zones)
    records = {
        (record["Name"].replace("\\052", "*"), record["TTL"]): {
            value["Value"] for value in record["ResourceRecords"]
        }
        for zone in zones
        for record in call(moto, "route53", "list_resource_record_sets", HostedZoneId=zone["Id"])[
            "ResourceRecordSets"
        ]
        if record["Type"] == "A"
    }
    assert records == {(f"{host}.", 60): {*names_app.ADDRESSES} for host in names_app.HOSTS}
