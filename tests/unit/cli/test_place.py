"""`trunkline place`, `zones` and `measurements`: output and errors.

The commands run in this process, because starting Python is what takes time.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from support.examples import ROOT
from support.measured import MOMENT, all_pairs, measurements, pair, zone
from typer.testing import CliRunner, Result

from trunkline.cli.measurements import measurements_app
from trunkline.cli.measurements_history import curve
from trunkline.cli.place import place
from trunkline.cli.zones import zones
from trunkline.errors import TrunklineError
from trunkline.measurements import MeasuredZone, load, save
from trunkline.measurements.history import add_to_history, history_folder
from trunkline.measurements.table import rows
from trunkline.topology import load as load_topology

THREE = ROOT / "topologies" / "three-clouds.yaml"
PHYSICAL: Mapping[str, str] = {f"us-east-1{x}": f"use1-az{n}" for n, x in enumerate("abcdef", 1)}
NEAREST = {"aws": "us-east-1d", "google": "us-east4-b", "azure": "3"}

app = typer.Typer()
app.command()(place)
app.command()(zones)
app.add_typer(measurements_app, name="measurements")


def run(*arguments: object) -> Result:
    """Run a command; an error that `main` would print is raised."""
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture
def topology(tmp_path: Path) -> Path:
    path = tmp_path / "topology.yaml"
    path.write_text(THREE.read_text())
    return path


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    return written(tmp_path / "m.json")


def written(path: Path, emulated: bool = False) -> Path:
    """Measurements of the reference case, in which NEAREST is nearest."""
    ours = [
        MeasuredZone(
            site=site.name,
            cloud=site.cloud,
            account=site.account,
            region=site.region,
            zone=name,
            physical_zone=PHYSICAL.get(name),
        )
        for site in load_topology(THREE).sites
        for name in site.zones
    ]
    pairs = [
        pair(a.name, b.name, 500 if {a.zone, b.zone} <= set(NEAREST.values()) else 900)
        for a in ours
        for b in ours
        if a.site != b.site
    ]
    save(measurements(ours, pairs, topology="three-clouds", emulated=emulated), path)
    return path


def test_place_prints_the_best_and_its_certainty(measured: Path, topology: Path) -> None:
    done = run("place", measured, "--topology", topology)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["1", *NEAREST.values(), "1.500", "0.500", "1.680", "0.030", "0"]
    assert "how sure: sure" in done.stdout
    assert "\x1b[" not in done.stdout
    assert topology.read_text() == THREE.read_text()


def test_json_begins_with_the_zones(measured: Path, topology: Path) -> None:
    done = run("place", measured, "--topology", topology, "--format", "json")
    found = json.loads(done.stdout)
    assert next(iter(found)) == "zones"
    assert found["zones"] == NEAREST
    assert (found["objective"], found["emulated"], found["exact"]) == ("sum", False, True)
    assert len(found["best"]) == 5
    assert found["best"][0]["pairs"][0]["p50_us"] == 500
    assert set(found["spares"]) == set(NEAREST)
    assert found["changed"] is None


def test_write_changes_the_file(measured: Path, topology: Path) -> None:
    done = run("place", measured, "--topology", topology, "--write")
    assert {site.name: site.zone for site in load_topology(topology).sites} == NEAREST
    assert "the zones of 3 sites changed: aws, google, azure" in done.stdout
    again = run("place", measured, "--topology", topology, "--write", "--objective", "max")
    assert "nothing is changed" in again.stdout


def test_write_names_the_spares_that_replicas_need(measured: Path, topology: Path) -> None:
    text = topology.read_text().replace("\nedge:\n", "\nedge:\n  replicas: 2\n")
    topology.write_text(text)
    run("place", measured, "--topology", topology, "--write", "--spares", "0")
    found = json.loads(run("place", measured, "--topology", topology, "--format", "json").stdout)
    written = load_topology(topology)
    for site in written.sites:
        assert list(site.spares) == found["spares"][site.name]
        assert written.edge_zones(site.name) == (NEAREST[site.name], *site.spares)
    again = run("place", measured, "--topology", topology, "--write")
    assert "nothing is changed" in again.stdout


def test_too_few_measured_zones_for_the_replicas_change_nothing(
    measured: Path, topology: Path
) -> None:
    content = json.loads(measured.read_text())
    dropped = {"azure/1", "azure/2"}
    content["zones"] = [z for z in content["zones"] if f"{z['site']}/{z['zone']}" not in dropped]
    content["pairs"] = [p for p in content["pairs"] if not dropped & {p["from"], p["to"]}]
    measured.write_text(json.dumps(content))
    text = topology.read_text().replace("\nedge:\n", "\nedge:\n  replicas: 2\n")
    topology.write_text(text)
    with pytest.raises(TrunklineError, match=r"azure: edge\.replicas needs 1 measured zones"):
        run("place", measured, "--topology", topology, "--write")
    assert topology.read_text() == text


def test_the_present_zones_are_compared_with_the_best(measured: Path, topology: Path) -> None:
    done = run("place", measured, "--topology", topology)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("now: ")]
    assert line.startswith("now: aws us-east-1a, google us-east4-a, azure 1: ")
    found = json.loads(run("place", measured, "--topology", topology, "--format", "json").stdout)
    slower = (found["present"]["sum_us"] - found["best"][0]["sum_us"]) / 1000
    assert line.endswith(f" ms in all, +{slower:.3f} ms")
    assert slower > 0
    run("place", measured, "--topology", topology, "--write")
    assert "\nnow: the same zones\n" in run("place", measured, "--topology", topology).stdout


def test_a_second_account_is_placed_without_probing(
    measured: Path, topology: Path, tmp_path: Path
) -> None:
    topology.write_text(topology.read_text().replace('"123456789012"', '"999999999999"'))
    done = run("place", measured, "--topology", topology)
    assert "aws/us-east-1a is not measured: account 999999999999 may map" in done.stderr
    # The nearest physical zone, use1-az4, has the name us-east-1a here.
    zones = list(PHYSICAL.values())
    names = dict(zip(PHYSICAL, [*zones[3:], *zones[:3]], strict=True))
    file = tmp_path / "physical.json"
    file.write_text(json.dumps({"aws": names}))
    done = run(
        "place", measured, "--topology", topology, "--physical-zones", file, "--format", "json"
    )
    assert json.loads(done.stdout)["zones"] == {**NEAREST, "aws": "us-east-1a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "a list stands where a mapping by site belongs"),
        ('{"mars": {}}', "the topology has no site"),
        ('{"aws": []}', "a list stands where zones belong"),
        ('{"aws": {"us-east-1a": 5}}', "5 is not a physical zone; write an AWS AZ ID"),
        ('{"aws": {"a": "use1-az1", "b": "use1-az1"}}', "already; correct one of the two"),
        ('{"google": {"us-east4-a": "x"}}', "a site of cloud google has no physical zones"),
        ('{"aws": {"us-east', "cut short"),
    ],
)
def test_bad_physical_zones_are_findings(
    measured: Path, topology: Path, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(TrunklineError, match=rf"p\.json:1:\d+: .*{message}"):
        run("place", measured, "--topology", topology, "--physical-zones", tmp_path / "p.json")


@pytest.mark.parametrize("command", ["place", "zones", "show", "export"])
def test_bad_measurements_are_findings_and_change_nothing(
    tmp_path: Path, topology: Path, command: str
) -> None:
    bad = tmp_path / "m.json"
    bad.write_text('{"version": 2}')
    options: dict[str, list[object]] = {
        "place": ["place", bad, "--topology", topology, "--write"],
        "zones": ["zones", bad],
        "show": ["measurements", "show", bad, "--svg", tmp_path / "m.svg"],
        "export": ["measurements", "export", bad, "--output", tmp_path / "m.svg"],
    }
    with pytest.raises(TrunklineError, match="version 2, and version 1 is read here; use a newer"):
        run(*options[command])
    assert topology.read_text() == THREE.read_text()
    assert not (tmp_path / "m.svg").exists()


def test_emulated_figures_are_labelled(tmp_path: Path, topology: Path) -> None:
    emulated = written(tmp_path / "emulated.json", emulated=True)
    for done in (
        run("place", emulated, "--topology", topology),
        run("zones", emulated),
        run("measurements", "show", emulated),
    ):
        assert "EMULATED" in done.stdout


def test_zones_prints_each_physical_zone_and_how_it_is_known(measured: Path) -> None:
    done = run("zones", measured)
    [line] = [line for line in done.stdout.splitlines() if "us-east-1d" in line]
    assert line.split()[:5] == ["123456789012", "aws", "us-east-1", "us-east-1d", "use1-az4"]
    assert line.rstrip().endswith("the cloud")
    assert "cloud google does not expose physical zones" in done.stdout


def test_zones_of_a_cloud_that_is_not_known_are_shown_too(tmp_path: Path) -> None:
    ours = [zone("oracle", "ad-1"), zone("aws", "us-east-1a")]
    save(measurements(ours, all_pairs(ours, lambda *_: 500.0)), tmp_path / "m.json")
    [line] = [
        line for line in run("zones", tmp_path / "m.json").stdout.splitlines() if "ad-1" in line
    ]
    assert "the cloud has not reported it" in line


def test_zones_of_a_topology_are_listed_with_where_they_were_measured(
    measured: Path, topology: Path, tmp_path: Path
) -> None:
    topology.write_text(topology.read_text().replace('"123456789012"', '"999999999999"'))
    (tmp_path / "p.json").write_text('{"aws": {"us-east-1a": "use1-az4"}}')
    done = run("zones", measured, "--topology", topology, "--physical-zones", tmp_path / "p.json")
    assert "aws/us-east-1a: measured as aws/us-east-1d" in done.stdout
    assert "aws/us-east-1b: account 999999999999 may map its zone names" in done.stdout


def test_physical_zones_need_a_topology(measured: Path) -> None:
    with pytest.raises(TrunklineError, match="add --topology FILE"):
        run("zones", measured, "--physical-zones", "p.json")


def test_zones_as_json(measured: Path) -> None:
    found = json.loads(run("zones", measured, "--format", "json").stdout)
    assert found["zones"][0]["physical_zone"] == "use1-az1"
    assert found["zones"][0]["by"] == "cloud"
    assert found["disagreements"] == []


def test_show_prints_the_matrix_and_writes_the_svg(measured: Path, tmp_path: Path) -> None:
    done = run("measurements", "show", measured, "--svg", tmp_path / "m.svg")
    assert done.exit_code == 0
    assert "aws/us-east-1d (use1-az4)" in done.stdout
    assert "0.50" in done.stdout
    assert (tmp_path / "m.svg").read_text().startswith("<svg")
    found = json.loads(run("measurements", "show", measured, "--format", "json").stdout)
    assert found["unit"] == "ms"
    assert len(found["round_trips"]) == 12
    assert found["scale"] == "linear"
    assert found["chosen"] == []


def test_show_marks_the_chosen_zones_of_a_topology(measured: Path, topology: Path) -> None:
    command = ("measurements", "show", measured, "--topology", topology)
    lines = run(*command).stdout.splitlines()
    marked = [line.split()[1] for line in lines if "/" in line and " < " in line]
    assert marked == ["aws/us-east-1a", "google/us-east4-a", "azure/1"]
    assert lines[-1].endswith("; < chosen zone")
    found = json.loads(run(*command, "--format", "json").stdout)
    assert [name.split()[0] for name in found["chosen"]] == marked


def test_export_writes_a_row_for_each_pair(measured: Path, tmp_path: Path) -> None:
    done = run("measurements", "export", measured)
    assert done.exit_code == 0
    found = list(csv.DictReader(done.stdout.splitlines()))
    assert len(found) == len(load(measured).pairs)
    [row] = [
        row for row in found if (row["from"], row["to"]) == ("aws/us-east-1d", "google/us-east4-b")
    ]
    assert (row["from_physical_zone"], row["to_physical_zone"]) == ("use1-az4", "")
    assert (row["round_trip_p50_us"], row["tcp_connect_p50_us"]) == ("500", "")
    assert row["distances"] == "measured"
    output = tmp_path / "pairs.csv"
    told = run("measurements", "export", measured, "--output", output).stdout
    assert told == f"{output}: {len(found)} directed pairs\n"
    assert output.read_text() == done.stdout


def test_export_as_json_has_the_same_rows(tmp_path: Path) -> None:
    emulated = written(tmp_path / "emulated.json", emulated=True)
    found = json.loads(run("measurements", "export", emulated, "--format", "json").stdout)
    assert found["emulated"] is True
    assert found["pairs"] == rows(load(emulated))
    assert {row["distances"] for row in found["pairs"]} == {"emulated"}


def keep_three_sweeps(measured: Path, emulated: bool = False) -> None:
    ours = [zone("aws", "a"), zone("google", "x")]
    for hour, value in enumerate((500.0, 700.0, 600.0)):
        at = MOMENT + timedelta(hours=hour)
        pairs = [pair("aws/a", "google/x", value)]
        kept = measurements(ours, pairs, started_at=at, finished_at=at, emulated=emulated)
        add_to_history(history_folder(measured), kept)


def test_show_history_has_a_row_for_each_pair(measured: Path) -> None:
    keep_three_sweeps(measured, emulated=True)
    done = run("measurements", "show", measured, "--history")
    lines = done.stdout.splitlines()
    assert lines[0] == "median round trips in ms, 2026-11-24 07:42 to 2026-11-24 09:42 UTC"
    assert "EMULATED" in lines[1]
    assert lines[3].split() == ["aws/a", "google/x", "3", "0.500", "0.600", "0.500", "0.700", "▁█▅"]
    assert lines[4] == "1 directed pair; each curve has a scale of its own"


def test_show_history_as_json(measured: Path) -> None:
    keep_three_sweeps(measured)
    done = run("measurements", "show", measured, "--history", "--format", "json")
    found = json.loads(done.stdout)
    assert (found["emulated"], found["unit"], found["files"]) == (False, "us", 3)
    [row] = found["pairs"]
    assert (row["sweeps"], row["lowest"], row["highest"]) == (3, 500, 700)
    assert row["last"] == {"at": "2026-11-24T09:42:19+00:00", "median": 600}
    assert [each["median"] for each in row["medians"]] == [500, 700, 600]


def test_show_history_without_one_says_where_it_comes_from(measured: Path) -> None:
    with pytest.raises(TrunklineError, match="there is no history; each trunkline collect adds"):
        run("measurements", "show", measured, "--history")
    refused = run("measurements", "show", measured, "--history", "--svg", "m.svg")
    assert refused.exit_code == 2
    assert "neither --topology nor --svg" in refused.stderr


def test_a_long_history_has_a_short_curve() -> None:
    assert curve([500.0] * 100) == "▁" * 24
    assert curve([float(each) for each in range(8)]) == "▁▂▃▄▅▆▇█"
    assert curve([*[1.0] * 50, *[2.0] * 50]) == "▁" * 12 + "█" * 12


def test_perfkit_results_become_a_file_that_can_be_placed(topology: Path, tmp_path: Path) -> None:
    ends = [("us-east-1a", "eastus-2"), ("us-east-1b", "us-east4-c"), ("us-east4-c", "eastus-2")]
    lines = [
        {
            "test": "ping",
            "metric": "Average Latency",
            "value": 1.5,
            "unit": "ms",
            "timestamp": 1.79e9,
            "run_uri": "r",
            "sample_uri": f"{here}-{there}",
            "metadata": {"sending_zone": here, "receiving_zone": there, "ip_type": "external"},
        }
        for here, there in ends
    ]
    source, output = tmp_path / "pkb.json", tmp_path / "m.json"
    source.write_text("\n".join(json.dumps(line) for line in [*lines, *lines]))
    done = run("measurements", "import-pkb", source, "--topology", topology, "--output", output)
    assert "3 directed pairs, by perfkit-ping, 3 repeated samples" in done.stdout
    assert load(output).method.tool == "perfkit-ping"
    before = topology.read_bytes()
    placed = run("place", output, "--topology", topology, "--write")
    assert placed.exit_code == 1
    assert topology.read_bytes() == before
    assert f"not measured, so {topology} was left as it is" in placed.stderr
    assert "warning: means are used in place of medians" in placed.stderr
    assert "have no figure; no placement has fewer" in placed.stderr


def test_published_figures_are_imported_and_placed_beside_those_of_probes(
    measured: Path, topology: Path, tmp_path: Path
) -> None:
    physical = tmp_path / "physical.json"
    physical.write_text(json.dumps({"aws": dict(PHYSICAL)}))
    table = tmp_path / "table.csv"
    table.write_text("from,to,round_trip_ms\nuse1-az1,use1-az4,0.5\n")
    output = tmp_path / "published.json"
    done = run(
        "measurements", "import-published", table, "--topology", topology,
        "--physical-zones", physical, "--output", output,
    )  # fmt: skip
    assert "2 zones measured, 10 missing, 1 directed pair, by published" in done.stdout
    placed = run("place", measured, output, "--topology", topology, "--format", "json")
    assert json.loads(placed.stdout)["zones"] == NEAREST


def test_a_faster_way_by_a_third_site_is_said(topology: Path, tmp_path: Path) -> None:
    near = {"aws": 0.0, "google": 2_000.0, "azure": 4_000.0}
    sites = load_topology(THREE).sites
    ours = [MeasuredZone.of(site, name, measured=True) for site in sites for name in site.zones]

    def apart(a: MeasuredZone, b: MeasuredZone) -> float:
        distance = abs(near[a.site] - near[b.site])
        return distance * 3 if distance == 4_000 else distance

    path = tmp_path / "far.json"
    save(measurements(ours, all_pairs(ours, apart), topology="three-clouds"), path)
    done = run("place", path, "--topology", topology)
    assert (
        "faster by a third site: aws and azure: 12.000 ms directly, about 4.400 ms" in done.stdout
    )
    found = json.loads(run("place", path, "--topology", topology, "--format", "json").stdout)
    assert found["relays"] == [
        {"sites": ["aws", "azure"], "by": "google", "direct_us": 12000, "relayed_us": 4400}
    ]
