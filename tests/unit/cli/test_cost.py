"""`trunkline cost`: tables, JSON, CSV, warnings and errors."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from support.command import trunkline
from support.examples import ROOT

from trunkline.documents.schema import load_schema

THREE = "topologies/three-clouds.yaml"


def prices(path: Path, **entries: object) -> Path:
    path.write_text(json.dumps({"prices": entries}))
    return path


def test_the_bill_comes_first_and_the_comparison_below() -> None:
    done = trunkline("cost", THREE)
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    assert "total: 39.45 $ a month of 730 hours" in text
    assert "12 probes: 0.18 $ an hour, while they measure" in text
    assert "aws.amazon.com, 2026-11\n" in text
    assert text.index("total: 39.45") < text.index("2,736 to 3,436")
    assert "ten times cheaper than peering up to 2.62 TB a month between clouds" in text
    assert "no managed link joins google-azure" in text
    for row in ("613 to 713", "767 to 867", "656 to 756"):
        assert row in text


def test_the_same_topology_is_read_where_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text((ROOT / THREE).read_text())
    assert trunkline("cost", folder=tmp_path) == trunkline("cost", THREE)


def test_traffic_of_the_command_line_is_priced_and_named() -> None:
    text = trunkline("cost", THREE, "--traffic", "aws-google=500GB").stdout
    assert "assumed traffic: aws-google 500 GB" in text
    assert "250 GB" in text
    assert "total: 80.89 $" in text


def test_curves_show_more_points_and_no_bill() -> None:
    text = trunkline("cost", THREE, "--curves").stdout
    assert "50 TB" in text and "2.5 TB" in text
    assert "total:" not in text


def test_json_holds_lines_sources_curves_and_break_evens() -> None:
    found = json.loads(trunkline("cost", THREE, "--format", "json").stdout)
    assert found["total"] == {"low": 39.4463, "high": 39.4463, "at_least": False, "unknown": []}
    assert found["lines"][0] == {
        "site": "aws",
        "item": "t4g.micro",
        "quantity": 1,
        "price": "aws/machine/t4g.micro@us-east-1",
        "unit_price": "0.0084 / hour",
        "month_low": 6.132,
        "month_high": 6.132,
        "source": "https://aws.amazon.com/ec2/pricing/on-demand/",
        "verified": True,
        "date": "2026-11",
        "note": "",
    }
    [peering] = [each for each in found["comparisons"] if each["name"] == "peering"]
    assert peering["theirs"][0] == {"gb": 0, "low": 2736, "high": 3436}
    assert found["ten_times_cheaper_up_to_gb"] == pytest.approx(2616.6, abs=0.1)
    assert found["old_prices"] == [] and found["findings"] == []


def test_csv_holds_a_row_for_each_line_or_point() -> None:
    rows = list(csv.DictReader(io.StringIO(trunkline("cost", THREE, "--format", "csv").stdout)))
    assert {row["part"] for row in rows} == {"month", "probes"}
    assert sum(float(r["month_low"]) for r in rows if r["part"] == "month") == pytest.approx(
        39.4463
    )
    curves = trunkline("cost", THREE, "--format", "csv", "--curves").stdout
    points = list(csv.DictReader(io.StringIO(curves)))
    assert {point["alternative"] for point in points} >= {"peering", "nat", "tailscale"}
    [first] = [
        p for p in points if (p["alternative"], p["whose"], p["gb"]) == ("peering", "theirs", "0")
    ]
    assert (first["low"], first["high"]) == ("2736.0", "3436.0")


def test_seats_can_be_counted() -> None:
    few, many = (trunkline("cost", THREE, "--seats", seats).stdout for seats in (1, 50))
    assert "(seats: 1)" in few and "(seats: 50)" in many
    assert "41.54" in few  # a seat of 8 and the machines with their addresses and disks
    assert "433.54" in many


def test_what_is_not_known_is_listed_and_the_total_says_at_least(tmp_path: Path) -> None:
    text = (
        (ROOT / THREE)
        .read_text()
        .replace("    region: us-east-1\n", "    machine: t4g.2xlarge\n    region: us-east-1\n")
    )
    file = tmp_path / "t.yaml"
    file.write_text(text)
    done = trunkline("cost", file)
    assert done.returncode == 0
    assert "total: at least 33.31 $" in done.stdout
    assert (
        "not known: aws/machine/t4g.2xlarge@us-east-1 of aws; give it with --prices" in done.stdout
    )
    own = {
        "aws/machine/t4g.2xlarge@us-east-1": {
            "price": 0.1,
            "per": "hour",
            "source": "ours",
            "date": "2026-11",
        }
    }
    given = trunkline("cost", file, "--prices", prices(tmp_path / "p.json", **own)).stdout
    assert "total: 106.31 $" in given and "ours, 2026-11, unverified" in given


def test_prices_of_more_than_a_year_ago_are_warned_of(tmp_path: Path) -> None:
    old = {"aws/ipv4": {"price": 0.005, "per": "hour", "source": "ours", "date": "2024-03"}}
    file = prices(tmp_path / "p.json", **old)
    done = trunkline("cost", THREE, "--prices", file)
    assert done.returncode == 0
    assert (
        "warning: 1 price may be older than a year, aws/ipv4 of 2024-03 the oldest" in done.stderr
    )
    found = json.loads(trunkline("cost", THREE, "--prices", file, "--format", "json").stdout)
    assert found["old_prices"] == ["aws/ipv4"]


def test_a_price_that_nothing_asks_for_is_warned_of_with_its_place(tmp_path: Path) -> None:
    odd = {"aws/ipv5": {"price": 1, "per": "hour", "source": "ours", "date": "2026-11"}}
    file = prices(tmp_path / "p.json", **odd)
    done = trunkline("cost", THREE, "--prices", file)
    assert done.returncode == 0
    assert done.stderr.startswith(f"{file}:1:")
    assert "did you mean aws/ipv4?" in done.stderr


def test_this_machine_costs_nothing() -> None:
    done = trunkline("cost", "topologies/local.yaml")
    assert done.stdout == "local: it stands on this machine, and costs nothing\n"
    rows = trunkline("cost", "topologies/local.yaml", "--format", "csv")
    assert (rows.returncode, rows.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--traffic", "aws-gogle=5GB"), "--traffic aws-gogle=5GB: aws-gogle is not a pair of"),
        (("--traffic", "aws-google=-5GB"), "traffic cannot be negative"),
        (("--prices", "none.yaml"), "none.yaml:1:1: prices: there is no such file"),
        (("--plan", "none.json"), "--plan stands alone, and file is given as well"),
    ],
)
def test_a_mistake_is_said_and_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    done = trunkline("cost", THREE, *arguments)
    assert done.returncode == 2
    assert said in done.stderr and done.stdout == ""
    asked = trunkline("cost", THREE, *arguments, "--format", "json")
    assert asked.returncode == 2 and said in json.loads(asked.stdout)["error"]


# --- a plan


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    resources = [
        {
            "address": "aws_nat_gateway.out",
            "mode": "managed",
            "type": "aws_nat_gateway",
            "values": {},
        },
        {
            "address": "aws_db_instance.orders",
            "mode": "managed",
            "type": "aws_db_instance",
            "values": {},
        },
        {"address": "aws_vpc.main", "mode": "managed", "type": "aws_vpc", "values": {}},
    ]
    path = tmp_path / "plan.json"
    root = {"root_module": {"resources": resources}}
    path.write_text(json.dumps({"format_version": "1.2", "planned_values": root}))
    return path


def test_a_plan_is_priced_and_what_cannot_be_is_listed(plan: Path) -> None:
    done = trunkline("cost", "--plan", plan)
    assert (done.returncode, done.stderr) == (0, "")
    assert "total: 32.85 $" in done.stdout
    assert "cannot be priced: aws_db_instance.orders" in done.stdout
    assert "1 resource without a price of its own" in done.stdout


def test_a_plan_in_json_and_csv(plan: Path) -> None:
    found = json.loads(trunkline("cost", "--plan", plan, "--format", "json").stdout)
    assert found["unpriced"] == ["aws_db_instance.orders"] and found["free"] == 1
    assert found["total"]["low"] == 32.85
    [row] = csv.DictReader(io.StringIO(trunkline("cost", "--plan", plan, "--format", "csv").stdout))
    assert (row["site"], row["month_low"]) == ("aws_nat_gateway.out", "32.85")


def test_a_plan_file_that_is_none_is_a_finding_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("{}")
    done = trunkline("cost", "--plan", file)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{file}:1:1: plan: this is not what terraform show -json prints")


# --- the terminal


def test_a_narrow_terminal_gets_blocks() -> None:
    done = trunkline("cost", THREE, terminal=True, env={"COLUMNS": "60", "NO_COLOR": "1"})
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "t4g.micro" in done.stdout


def test_the_schema_of_prices_is_printed() -> None:
    done = trunkline("schema", "prices")
    assert json.loads(done.stdout) == load_schema("prices")
