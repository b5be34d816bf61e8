"""What the resources of a Terraform plan cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trunkline.cost.plan import PlanError, PlanEstimate, price_plan
from trunkline.cost.prices import load_prices

BOOK, _ = load_prices()

AWS_MACHINE = {
    "instance_type": "t4g.micro",
    "availability_zone": "us-east-1b",
    "associate_public_ip_address": True,
    "root_block_device": [{"volume_type": "gp3", "volume_size": 20}],
}
GOOGLE_MACHINE = {
    "machine_type": "e2-micro",
    "zone": "us-east4-a",
    "boot_disk": [{"initialize_params": [{"size": 10, "type": None}]}],
    "network_interface": [{"access_config": [{"nat_ip": None}]}],
}
AZURE_MACHINE = {
    "size": "Standard_B2pts_v2",
    "location": "East US",
    "os_disk": [{"storage_account_type": "StandardSSD_LRS", "disk_size_gb": None}],
}


def resource(kind: str, values: dict[str, Any], name: str = "a", mode: str = "managed") -> Any:
    return {"address": f"{kind}.{name}", "mode": mode, "type": kind, "values": values}


def plan(*resources: Any, children: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    root = {"resources": [*resources], "child_modules": [*children]}
    return {"format_version": "1.2", "planned_values": {"root_module": root}, **more}


def priced(path: Path, content: Any) -> PlanEstimate:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return price_plan(path, BOOK)


def months(found: PlanEstimate) -> dict[str, float | None]:
    return {line.item: line.month.low if line.month else None for line in found.lines}


def test_a_machine_of_each_cloud_with_its_disk_and_its_address(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert months(priced(file, plan(resource("aws_instance", AWS_MACHINE)))) == {
        "t4g.micro": pytest.approx(6.132),
        "disk": pytest.approx(1.6),
        "public IPv4 address": pytest.approx(3.65),
    }
    assert months(priced(file, plan(resource("google_compute_instance", GOOGLE_MACHINE)))) == {
        "e2-micro": pytest.approx(6.8839),
        "disk": pytest.approx(0.4),
        "public IPv4 address": pytest.approx(3.65),
    }
    assert months(priced(file, plan(resource("azurerm_linux_virtual_machine", AZURE_MACHINE)))) == {
        "Standard_B2pts_v2": pytest.approx(6.132),
        "disk": pytest.approx(2.4),
    }


def test_a_machine_without_a_public_address_pays_for_none(tmp_path: Path) -> None:
    private = {**AWS_MACHINE, "associate_public_ip_address": False}
    inner = {**GOOGLE_MACHINE, "network_interface": [{"access_config": []}]}
    found = priced(
        tmp_path / "p.json",
        plan(resource("aws_instance", private), resource("google_compute_instance", inner)),
    )
    assert not [line for line in found.lines if "IPv4" in line.item]


def test_private_zones_are_paid_and_their_records_are_not(tmp_path: Path) -> None:
    zones = ("aws_route53_zone", "google_dns_managed_zone", "azurerm_private_dns_zone")
    records = ("aws_route53_record", "google_dns_record_set", "azurerm_private_dns_a_record")
    resources = (resource(kind, {}) for kind in (*zones, *records))
    found = priced(tmp_path / "plan.json", plan(*resources))
    assert [line.id for line in found.lines] == [
        f"{cloud}/private_zone" for cloud in ("aws", "google", "azure")
    ]
    assert (found.free, found.unpriced) == (3, ())


def test_a_private_endpoint_is_paid_in_each_zone(tmp_path: Path) -> None:
    interface = {"vpc_endpoint_type": "Interface", "subnet_ids": ["subnet-1", "subnet-2"]}
    found = priced(
        tmp_path / "plan.json",
        plan(
            resource("aws_vpc_endpoint", interface),
            resource("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}),
            resource("azurerm_private_endpoint", {}),
        ),
    )
    assert [line.id for line in found.lines] == [
        "aws/private_endpoint",
        "aws/private_endpoint",
        "azure/private_endpoint",
    ]
    assert found.unpriced == ()


def test_modules_inside_modules_are_counted(tmp_path: Path) -> None:
    inner = {"resources": [resource("aws_nat_gateway", {})]}
    outer = {"resources": [], "child_modules": [inner]}
    found = priced(tmp_path / "p.json", plan(children=(outer,)))
    assert months(found) == {"NAT gateway": 32.85}


def test_data_sources_cost_nothing_and_are_not_counted(tmp_path: Path) -> None:
    data = resource("aws_ami", {}, mode="data")
    assert priced(tmp_path / "p.json", plan(data)) == PlanEstimate((), (), 0)


def test_what_cannot_be_priced_is_listed_and_what_is_free_is_counted(tmp_path: Path) -> None:
    found = priced(
        tmp_path / "p.json",
        plan(
            resource("aws_db_instance", {}, "orders"),
            resource("aws_vpc", {}),
            resource("google_compute_firewall", {}),
            resource("azurerm_network_security_rule", {}),
            resource("cloudflare_dns_record", {}),
        ),
    )
    assert found.unpriced == ("aws_db_instance.orders",)
    assert found.free == 4
    assert found.lines == ()


def test_an_unknown_size_is_listed_under_the_price_that_it_lacks(tmp_path: Path) -> None:
    found = priced(
        tmp_path / "p.json",
        plan(resource("aws_instance", {**AWS_MACHINE, "instance_type": "x9.huge"})),
    )
    assert [line.id for line in found.total.unknown] == ["aws/machine/x9.huge@us-east-1"]
    assert str(found.total).startswith("at least ")


def test_what_is_known_after_apply_is_not_guessed(tmp_path: Path) -> None:
    values = {key: value for key, value in AWS_MACHINE.items() if key != "instance_type"}
    [machine] = priced(tmp_path / "p.json", plan(resource("aws_instance", values))).total.unknown
    assert machine.item == "machine of a size that is known after apply"
    assert machine.note == "known after apply"


@pytest.mark.parametrize("size", ["many", -5, [], True])
def test_a_disk_of_no_size_is_not_priced(tmp_path: Path, size: object) -> None:
    disk = {"type": "gp3", "size": size, "availability_zone": "us-east-1a"}
    found = priced(tmp_path / "p.json", plan(resource("aws_ebs_volume", disk)))
    assert found.total.unknown


def test_the_region_of_the_provider_counts_where_a_resource_names_none(tmp_path: Path) -> None:
    values = {k: v for k, v in AWS_MACHINE.items() if k != "availability_zone"}
    region = {"expressions": {"region": {"constant_value": "eu-central-1"}}}
    configuration = {"provider_config": {"aws": region}}
    found = priced(
        tmp_path / "p.json",
        plan(resource("aws_instance", values), configuration=configuration),
    )
    assert found.lines[0].id == "aws/machine/t4g.micro@eu-central-1"
    own = {**values, "region": "us-west-2"}
    found = priced(
        tmp_path / "p.json", plan(resource("aws_instance", own), configuration=configuration)
    )
    assert found.lines[0].id == "aws/machine/t4g.micro@us-west-2"


def test_argo_is_paid_where_it_is_on(tmp_path: Path) -> None:
    for value, lines in (("on", 1), ("off", 0)):
        found = priced(
            tmp_path / "p.json", plan(resource("cloudflare_argo_smart_routing", {"value": value}))
        )
        assert len(found.lines) == lines


def test_a_state_is_priced_like_a_plan(tmp_path: Path) -> None:
    root = {"resources": [resource("azurerm_public_ip", {"location": "eastus"})]}
    found = priced(tmp_path / "s.json", {"format_version": "1.0", "values": {"root_module": root}})
    assert months(found) == {"public IPv4 address": pytest.approx(3.65)}


@pytest.mark.parametrize(
    "content",
    [
        {"format_version": "1.0"},
        {"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}},
    ],
)
def test_an_empty_state_and_what_is_destroyed_cost_nothing(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    assert priced(tmp_path / "s.json", content).total.dollars.high == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "this is not what terraform show -json prints"),
        ("[]", "this is not what terraform show -json prints"),
        ('{"format_version": "1.0", "provider_schemas": {}}', "this is not what terraform show"),
        ('{"name": "a topology"}', "this is not what terraform show -json prints"),
        ('{"planned_values": {"root_module": []}}', "this is not what terraform show -json"),
        ("{", "terraform show -json PLAN > plan.json"),
        ("", "terraform show -json PLAN > plan.json"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_its_place(
    tmp_path: Path, content: str, said: str
) -> None:
    with pytest.raises(PlanError) as caught:
        priced(tmp_path / "p.json", content)
    assert f"{tmp_path / 'p.json'}:1:" in str(caught.value)
    assert said in str(caught.value)


def test_a_plan_as_terraform_keeps_it_is_refused_with_the_command_that_helps(
    tmp_path: Path,
) -> None:
    file = tmp_path / "plan.out"
    file.write_bytes(b"PK\x03\x04\xff\xfe rest of the archive")
    with pytest.raises(PlanError) as caught:
        price_plan(file, BOOK)
    assert f"write it as JSON: terraform show -json {file} > plan.json" in str(caught.value)


@pytest.mark.parametrize("value", [None, 5, "text", [], [5], {"resources": 7}, [{"a": 1}]])
def test_a_plan_that_is_odd_inside_ends_in_no_traceback(tmp_path: Path, value: object) -> None:
    odd = resource("aws_instance", {})
    odd["values"] = value
    for content in (
        plan(odd),
        plan(value),
        plan(configuration=value),
        plan(resource("aws_instance", {"root_block_device": value, "instance_type": value})),
        {"planned_values": {"root_module": {"resources": value, "child_modules": value}}},
    ):
        priced(tmp_path / "p.json", content)
