"""Importing round trips that others have published for zones of one cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve
from support.measured import measurements, pair, topology, zone

from trunkline.measurements import Measurements, MeasurementsError, load, save
from trunkline.measurements.combine import CombineError, combine
from trunkline.measurements.published import Published, import_published

ONE, TWO = "111111111111", "222222222222"
SHOP = [zone("shop", name, cloud="aws", account=ONE) for name in ("1a", "1b")]
DATA = [zone("data", name, cloud="aws", account=TWO) for name in ("1a", "1b")]
PHYSICAL = {
    "shop": {"1a": "use1-az1", "1b": "use1-az2"},
    "data": {"1a": "use1-az2", "1b": "use1-az4"},
}


def aws(here: str, there: str, *values: float, **fields: object) -> dict[str, object]:
    points = [
        {"StartDate": "2026-11-01T00:00:00+00:00", "EndDate": "2026-11-02T00:00:00+00:00"}
        | {"Value": value, "Status": "OK"}
        for value in values
    ]
    return {
        "Id": "1",
        "Source": here,
        "Destination": there,
        "Metric": "aggregate-latency",
        "Statistic": "p50",
        "Period": "one-day",
        "MetricPoints": points,
        **fields,
    }


def imported(folder: Path, content: object) -> Published:
    path = folder / "published"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return import_published([path], topology(*SHOP, *DATA), PHYSICAL)


def medians(found: Published) -> dict[tuple[str, str], float | None]:
    pairs = found.measurements.pair_by_ends
    return {ends: each.round_trip_us.median for ends, each in pairs.items()}


def test_aws_network_manager_gives_medians_of_round_trips(tmp_path: Path) -> None:
    document = {
        "DataResponses": [
            aws("use1-az1", "use1-az4", 0.8, 0.6, 0.7),
            aws("use1-az2", "use1-az2", 0.2),
        ]
    }
    found = imported(tmp_path, document)
    assert medians(found) == {
        ("shop/1a", "data/1b"): 700,
        ("shop/1b", "data/1a"): 200,
        ("data/1a", "shop/1b"): 200,
    }
    assert found.measurements.pair_by_ends["shop/1a", "data/1b"].round_trip_us.p50 == 700
    assert found.measurements.finished_at.isoformat() == "2026-11-02T00:00:00+00:00"


def test_points_that_aws_says_are_not_ok_do_not_count(tmp_path: Path) -> None:
    response = aws("use1-az1", "use1-az4", 0.8)
    response["MetricPoints"] = [
        {"Value": 0.8, "Status": "OK"},
        {"Value": 90.0, "Status": "InsufficientData"},
    ]
    assert set(medians(imported(tmp_path, {"DataResponses": [response]})).values()) == {800}


def test_one_way_latencies_of_qperf_are_doubled(tmp_path: Path) -> None:
    zones = [zone("a", "1", cloud="azure"), zone("b", "2", cloud="azure", account="other")]
    physical = {"a": {"1": "eastus-az1"}, "b": {"2": "eastus-az3"}}
    entry = {"PartitionKey": "x", "RowKey": "eastus", "Source": "az1", "Destination": "az3"}
    path = tmp_path / "netbench.json"
    path.write_text(json.dumps([{**entry, "Latency": "350 us"}, {**entry, "Latency": "0.45 ms"}]))
    found = import_published([path], topology(*zones), physical)
    assert medians(found) == {("a/1", "b/2"): 800}
    assert found.measurements.pairs[0].round_trip_us.p50 is None, "qperf gives means"


@pytest.mark.parametrize(
    "text",
    [
        "from,to,round_trip_ms\nuse1-az1,use1-az4,0.5\nuse1-az4,use1-az1,0.6\n",
        ",use1-az1,use1-az4\nuse1-az1,,0.5\nuse1-az4,0.6,-\n",
    ],
    ids=["rows", "matrix"],
)
def test_a_table_of_csv_is_taken(tmp_path: Path, text: str) -> None:
    assert medians(imported(tmp_path, text)) == {
        ("shop/1a", "data/1b"): 500,
        ("data/1b", "shop/1a"): 600,
    }


def test_it_is_a_file_that_loads_again(tmp_path: Path) -> None:
    found = imported(tmp_path, "from,to,round_trip_ms\nuse1-az1,use1-az4,0.5\n").measurements
    save(found, tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    assert again == found
    assert (again.method.tool, again.complete) == ("published", False)


def test_zones_that_are_no_candidates_are_named(tmp_path: Path) -> None:
    rows = "use1-az1,use1-az4,0.5\nuse1-az1,use1-az6,0.9\n"
    found = imported(tmp_path, f"from,to,round_trip_ms\n{rows}")
    (warning,) = map(str, found.warnings)
    assert "zones that are no candidates are left out: use1-az6" in warning


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the first row is neither"),
        ("hello", "the first row is neither"),
        ("[1]", "none of the forms that are known"),
        ('{"DataResponses": [', "this is not JSON"),
        ({"DataResponses": [aws("use1-az1", "use1-az4", 1, Metric="jitter")]}, "aggregate-latency"),
        ({"DataResponses": [aws("use1-az1", "use1-az4", -1.0)]}, "-1.0 from use1-az1"),
        ({"DataResponses": [aws("use1-az1", "use1-az9", 1.0)]}, "no figure is between two"),
        ("from,to,round_trip_ms\nuse1-az1,use1-az4\n", "has not 3 cells"),
        ("from,to,round_trip_ms\nuse1-az1,use1-az4,fast\n", "is not a time in ms"),
        (",use1-az1,use1-az4\nuse1-az1,0\nuse1-az4,0.6,0\n", "has not 3 cells"),
        (
            [{"RowKey": "eastus", "Source": "az1", "Destination": "az2", "Latency": "quick"}],
            "is not a latency of qperf",
        ),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, content: object, said: str
) -> None:
    with pytest.raises(MeasurementsError, match="published") as raised:
        imported(tmp_path, content)
    assert said in str(raised.value)


def files() -> tuple[Measurements, Measurements]:
    """What probes measured between two clouds, and what is published within one."""
    cloud = zone("google", "a")
    probes = measurements(
        [*SHOP, cloud], [pair("shop/1a", "google/a", 900), pair("google/a", "shop/1a", 950)]
    )
    within = measurements([*SHOP, *DATA], [pair("shop/1a", "data/1b", 300)], complete=False)
    return probes, within


def test_files_together_have_the_zones_and_pairs_of_all() -> None:
    both = combine(files())
    assert set(both.zone_by_name) == {"shop/1a", "shop/1b", "data/1a", "data/1b", "google/a"}
    assert len(both.pairs) == 3


def test_of_a_pair_that_two_files_have_the_first_one_counts() -> None:
    probes, within = files()
    again = evolve(within, pairs=[pair("shop/1a", "google/a", 1)], zones=probes.zones)
    both = combine([probes, again])
    assert both.pair_by_ends["shop/1a", "google/a"].round_trip_us.p50 == 900


def test_the_physical_zone_of_either_file_is_known() -> None:
    probes, within = files()
    known = [evolve(each, physical_zone="use1-az1") for each in within.zones if each.zone == "1a"]
    both = combine([probes, evolve(within, zones=known, pairs=())])
    assert both.zone_by_name["shop/1a"].physical_zone == "use1-az1"


def test_files_that_do_not_go_together_are_refused() -> None:
    probes, within = files()
    other = evolve(within, zones=[evolve(each, account="3") for each in SHOP], pairs=())
    with pytest.raises(CombineError, match="shop/1a is 1a of 111111111111"):
        combine([probes, other])
    emulated = evolve(within, method=evolve(within.method, emulated=True))
    with pytest.raises(CombineError, match="emulated"):
        combine([probes, emulated])
    one, two = (
        evolve(probes, zones=[evolve(SHOP[0], physical_zone=each)], pairs=())
        for each in ("use1-az1", "use1-az2")
    )
    with pytest.raises(CombineError, match="use1-az1 and use1-az2"):
        combine([one, two])
