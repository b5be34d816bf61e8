"""The stacks of an AWS site, applied by the real AWS provider to an account that moto plays."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from contract.terraform.moto_server import call
from doubles.providers.terraform_runner import TerraformRunner
from support.examples import ROOT, THREE

from trunkline.payload import sync

pytestmark = pytest.mark.slow

TOKEN = "/trunkline/edge-alone/tunnel-token"

Run = Callable[[Path], TerraformRunner]
Stacks = Callable[[Path], dict[str, Path]]

# Its AWS site makes its own network. One that joins an existing network cannot be tried: moto
# chooses the ids of its networks itself.
TOPOLOGY = THREE
PRIVATE = ROOT / "tests" / "golden" / "topologies" / "private.yaml"


def test_aws_takes_the_probes_finds_nothing_to_change_and_gives_them_back(
    stacks_of: Stacks, aws_run: Run
) -> None:
    aws_run(stacks_of(TOPOLOGY)["probes-aws"]).cycle()


def test_aws_says_which_places_its_zone_names_mean(
    stacks_of: Stacks, aws_run: Run, moto: str
) -> None:
    run = aws_run(stacks_of(TOPOLOGY)["zones-aws"])
    run.init()
    run.apply()
    zones = call(moto, "ec2", "describe_availability_zones")["AvailabilityZones"]
    assert zones
    assert run.outputs()["physical_zones"] == {z["ZoneName"]: z["ZoneId"] for z in zones}
    run.assert_plan_is_empty()


def test_an_edge_is_an_arm_machine_with_an_encrypted_disk_and_session_tokens(
    stacks_of: Stacks, aws_run: Run, moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = aws_run(stacks_of(PRIVATE)["edge-aws"])
    run.init()
    run.apply()
    [reservation] = call(moto, "ec2", "describe_instances")["Reservations"]
    [machine] = reservation["Instances"]
    assert machine["InstanceType"] == "t4g.micro"
    assert machine["ImageId"] == "ami-0debian13arm64"
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    volumes = call(moto, "ec2", "describe_volumes")["Volumes"]
    assert [disk["Encrypted"] for disk in volumes if disk["Attachments"]] == [True]
    expect_private_endpoints(moto, monkeypatch)
    run.assert_plan_is_empty()
    run.destroy()
    assert run.resources() == []


def expect_private_endpoints(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoints, and their names in what the machine reads, which Terraform has packed."""
    endpoints = call(moto, "ec2", "describe_vpc_endpoints")["VpcEndpoints"]
    made = {each["VpcEndpointType"]: each for each in endpoints}
    assert made.keys() == {"Interface", "Gateway"}
    assert made["Interface"]["PrivateDnsEnabled"] is False
    assert len(made["Interface"]["SubnetIds"]) == len(made["Gateway"]["RouteTableIds"]) == 1

    def item(fetch: list[str], name: str) -> str:
        kept = call(moto, "ssm", "get_parameter", Name=name, WithDecryption=True)
        return str(kept["Parameter"]["Value"])

    monkeypatch.setattr(sync, "item_text", item)
    found = sync.read([], "/trunkline/private-edge-aws/configuration").document
    clusters = {each["name"]: each for each in found["clusters"]}
    [group] = clusters["service-bedrock"]["load_assignment"]["endpoints"]
    [endpoint] = group["lb_endpoints"]
    [name, *_] = (each["DnsName"] for each in made["Interface"]["DnsEntries"])
    place = {"address": name, "port_value": 443}
    assert endpoint["endpoint"]["address"] == {"socket_address": place}


def test_edge_and_probes_do_without_cloudflare(tmp_path: Path, aws_run: Run, moto: str) -> None:
    app = Path(__file__).with_name("aws_app.py")
    subprocess.run([sys.executable, app], cwd=tmp_path, check=True, capture_output=True)
    stack = tmp_path / "cdktf.out" / "stacks" / "aws-alone"
    providers = json.loads((stack / "cdk.tf.json").read_text())["terraform"]["required_providers"]
    assert set(providers) == {"aws"}
    run = aws_run(stack)
    run.init()
    run.apply()
    run.assert_plan_is_empty()
    kept = call(moto, "ssm", "get_parameter", Name=TOKEN, WithDecryption=True)
    assert kept["Parameter"]["Value"] == "the token"
    run.destroy()


def test_a_second_try_of_a_call_gets_the_answer_that_was_lost(moto: str) -> None:
    first = put_parameter(moto, invocation="one")
    assert put_parameter(moto, invocation="one") == first == 200
    assert put_parameter(moto, invocation="two") == 400


def put_parameter(moto: str, *, invocation: str) -> int:
    """The status of making the parameter `lost`, as an SDK asks for it."""
    request = urllib.request.Request(
        moto,
        data=b'{"Name": "lost", "Value": "x", "Type": "String"}',
        headers={
            "X-Amz-Target": "AmazonSSM.PutParameter",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/ssm/aws4",
            "amz-sdk-invocation-id": invocation,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
