"""Importing PerfKit's results: appended, repeated, with both kinds of metadata."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.clouds import facts
from trunkline.clouds.facts import facts_of
from trunkline.measurements import Measurements, MeasurementsError, check_file, save
from trunkline.measurements.pkb import PerfKitNames, import_pkb
from trunkline.topology import load

THREE = load(ROOT / "topologies" / "three-clouds.yaml")
ENDS = {
    "sending_zone": "us-east-1a",
    "receiving_zone": "eastus-1",
    "vm_1_cloud": "AWS",
    "vm_1_zone": "us-east-1a",
    "vm_2_cloud": "Azure",
    "vm_2_zone": "eastus-1",
}
BACK = {**ENDS, "sending_zone": "eastus-1", "receiving_zone": "us-east-1a"}
PING = {"Min": 1.1, "Average": 1.4, "Max": 9.0}

CLOUDS = {
    cloud: PerfKitNames(facts_of(cloud).perfkit_cloud, facts_of(cloud).perfkit_zone)
    for cloud in facts.CLOUDS
}

Line = dict[str, Any]


def sample(metric: str, value: Any, uri: str, **fields: Any) -> Line:
    return {
        "test": "ping",
        "metric": metric,
        "value": value,
        "unit": "ms",
        "timestamp": 1_790_000_000.5,
        "run_uri": "run1",
        "sample_uri": uri,
        "metadata": {**ENDS, "ip_type": "external"},
        **fields,
    }


def ping(uri: str, factor: float = 1.0, **fields: Any) -> list[Line]:
    """The four samples of one direction of a run."""
    lines = [
        sample(f"{name} Latency", value * factor, f"{uri}-{name}", **fields)
        for name, value in PING.items()
    ]
    return [*lines, sample("Latency Std Dev", 0.2, f"{uri}-dev", **fields)]


def netperf(uri: str, threads: int | None = 1, **fields: Any) -> list[Line]:
    metadata = {**ENDS, "ip_type": "external", "netperf_test_length": 60}
    if threads is not None:
        metadata["sending_thread_count"] = threads
    figures = {"p50": 683.0, "p90": 735.0, "p99": 841.0, "min": 600.0, "max": 900.0, "stddev": 78.0}
    fields = {"test": "netperf", "unit": "us", "metadata": metadata, **fields}
    lines = [
        sample(f"TCP_RR_Latency_{name}", value, f"{uri}-{name}", **fields)
        for name, value in figures.items()
    ]
    rate = {**fields, "unit": "transactions_per_second"}
    return [*lines, sample("TCP_RR_Transaction_Rate", 1405.5, f"{uri}-rate", **rate)]


def written(tmp_path: Path, lines: list[Line], name: str = "results.json") -> Path:
    path = tmp_path / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read(tmp_path: Path, lines: list[Line], **options: Any) -> Measurements:
    return import_pkb([written(tmp_path, lines)], THREE, CLOUDS, **options).measurements


def test_ping_gives_mean_and_deviation_in_microseconds_and_no_percentiles(tmp_path: Path) -> None:
    made = read(tmp_path, ping("a"))
    [pair] = made.pairs
    assert (pair.from_zone, pair.to_zone) == ("aws/us-east-1a", "azure/1")
    trip = pair.round_trip_us
    assert (trip.min, trip.mean, trip.stddev, trip.p50) == (1100, 1400, 200, None)
    assert (pair.samples, pair.lost, pair.sweeps) == (100, None, 1)
    assert (made.method.tool, made.method.protocol) == ("perfkit-ping", "icmp")
    assert made.zone_by_name["azure/1"].account == THREE.site("azure").account
    assert made.zone_by_name["google/us-east4-a"].status == "missing"


def test_netperf_gives_percentiles_of_one_direction_and_its_samples(tmp_path: Path) -> None:
    [pair] = read(tmp_path, netperf("n")).pairs
    trip = pair.round_trip_us
    assert (trip.min, trip.p50, trip.p90, trip.p99) == (600, 683, 735, 841)
    assert pair.samples == round(1405.5 * 60)


@pytest.mark.parametrize("threads", [8, None])
def test_netperf_with_several_threads_is_skipped(tmp_path: Path, threads: int | None) -> None:
    with pytest.raises(MeasurementsError, match="netperf TCP_RR with one thread"):
        read(tmp_path, netperf("n", threads=threads))


def test_labels_are_read_like_metadata(tmp_path: Path) -> None:
    labels = ",".join(f"|{key}:{value}|" for key, value in sorted(ENDS.items()))
    lines = ping("a")
    for line in lines:
        del line["metadata"]
        line["labels"] = labels
    assert [pair.to_zone for pair in read(tmp_path, lines).pairs] == ["azure/1"]


def test_repeated_samples_count_once(tmp_path: Path) -> None:
    first = written(tmp_path, [*ping("a"), *ping("a")], "one.json")
    second = written(tmp_path, [*ping("a"), *ping("b", metadata=BACK)], "two.json")
    made = import_pkb([first, second], THREE, CLOUDS)
    assert made.repeated == 8
    assert [pair.sweeps for pair in made.measurements.pairs] == [1, 1]


def test_several_runs_are_merged_by_the_median(tmp_path: Path) -> None:
    lines = [*ping("a"), *ping("b", 10.0, run_uri="run2"), *ping("c", 1.1, run_uri="run3")]
    [pair] = read(tmp_path, lines).pairs
    assert pair.round_trip_us.mean == pytest.approx(1400 * 1.1)
    assert pair.round_trip_us.min == 1100
    assert (pair.sweeps, pair.samples) == (3, 300)


RUN = "1a2b3c4d-0b1f7a9e-5c1d-4f57-9d0e-6f2f5a1c7e11"
OTHERS = [f"TCP_RR_Latency_{name}" for name in ("max", "average", "p10", "p25", "p75", "p95")]


def published(metric: str, value: float, unit: str, number: int, **labels: Any) -> Line:
    """A line of a real netperf run in August 2026: labels, and no num_streams."""
    pairs = {
        **{key: text for key, text in ENDS.items() if "cloud" not in key},
        "vm_1_cloud": "Static",
        "vm_2_cloud": "Static",
        "ip_type": "external",
        "netperf_test_length": "60",
        "sending_thread_count": "1",
        "run_number": "0",
        **labels,
    }
    return {
        "metric": metric,
        "value": value,
        "unit": unit,
        "timestamp": 1_790_000_300.5,
        "test": "netperf",
        "product_name": "PerfKitBenchmarker",
        "official": False,
        "owner": "root",
        "run_uri": RUN,
        "sample_uri": f"{RUN}-{number}",
        "labels": ",".join(f"|{key}:{text}|" for key, text in sorted(pairs.items())),
    }


def netperf_run(**labels: Any) -> list[Line]:
    """The 28 lines of one run: the deviation comes twice, netperf's own and its histogram's."""
    figures = [("p50", 683.0), ("p90", 735.0), ("p99", 841.0), ("min", 600.0), ("stddev", 78.0)]
    wanted = [(f"TCP_RR_Latency_{name}", value, "us") for name, value in figures]
    wanted += [("TCP_RR_Transaction_Rate", 20.34, "transactions_per_second")]
    others = [(name, 700.0, "us") for name in OTHERS]
    others += [(f"lscpu {number}", 0.0, "") for number in range(15)]
    twice = [("TCP_RR_Latency_stddev", 91.0, "us")]
    lines = [*wanted, *others, *twice]
    assert len(lines) == 28
    return [published(*line, number, **labels) for number, line in enumerate(lines)]


def test_a_run_counts_once_although_its_deviation_comes_twice(tmp_path: Path) -> None:
    [pair] = read(tmp_path, netperf_run()).pairs
    assert pair.sweeps == 1
    assert pair.round_trip_us.stddev == 78
    assert pair.samples == round(20.34 * 60)


def test_a_test_that_was_repeated_counts_all_of_its_round_trips(tmp_path: Path) -> None:
    [pair] = read(tmp_path, netperf_run(confidence_iter=3)).pairs
    assert pair.samples == round(20.34 * 60 * 3)


def test_the_runs_of_one_name_are_told_apart_by_their_number(tmp_path: Path) -> None:
    second = [
        {**line, "sample_uri": f"{line['sample_uri']}b"} for line in netperf_run(run_number=1)
    ]
    [pair] = read(tmp_path, [*netperf_run(), *second]).pairs
    assert pair.sweeps == 2


def test_it_began_when_the_first_run_began(tmp_path: Path) -> None:
    made = read(tmp_path, netperf_run(start_time=1_790_000_000.25))
    assert made.started_at.timestamp() == 1_790_000_000
    assert made.finished_at.timestamp() == 1_790_000_300
    # Without it, or where it makes no sense, the time of the publication has to do.
    assert read(tmp_path, netperf_run(start_time="noon")).started_at == made.finished_at


def test_a_run_that_was_cut_is_named(tmp_path: Path) -> None:
    lines = [*ping("a"), *ping("b", metadata={**BACK, "ip_type": "external"})[:1]]
    [warning] = import_pkb([written(tmp_path, lines)], THREE, CLOUDS).warnings
    assert "ping from azure/1 to aws/us-east-1a gave a minimum only" in warning.message


def test_a_cloud_that_contradicts_the_topology_is_named_as_the_cause(tmp_path: Path) -> None:
    elsewhere = ping("x", metadata={**ENDS, "vm_1_cloud": "GCP"})
    [warning] = import_pkb([written(tmp_path, [*ping("a"), *elsewhere])], THREE, CLOUDS).warnings
    assert warning.message.startswith("us-east-1a (of GCP, as the metadata say) is not a candidate")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"metric","value","unit","test"\n"Min Latency","1.1","ms","ping"\n', "CSV publisher"),
        ('[{"metric": "Min Latency"}]', "a JSON array, not one object on each line"),
    ],
)
def test_another_format_of_perfkit_is_named_once(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "results"
    path.write_text(text)
    with pytest.raises(MeasurementsError, match=message) as caught:
        import_pkb([path], THREE, CLOUDS)
    [finding] = caught.value.findings
    assert finding.remedy.startswith("name perfkitbenchmarker_results.json")


def test_a_compressed_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json.gz"
    path.write_bytes(gzip.compress(b"{}"))
    with pytest.raises(MeasurementsError, match="is compressed with gzip; unpack it: gunzip"):
        import_pkb([path], THREE, CLOUDS)


def test_external_addresses_count_where_both_were_measured(tmp_path: Path) -> None:
    inner = ping("i", 0.5, metadata={**ENDS, "ip_type": "internal"})
    [pair] = read(tmp_path, [*inner, *ping("e")]).pairs
    assert (pair.round_trip_us.mean, pair.addresses) == (1400, "external")


def test_the_file_says_which_addresses_were_measured(tmp_path: Path) -> None:
    inner = read(tmp_path, ping("i", metadata={**ENDS, "ip_type": "internal"}))
    save(inner, tmp_path / "measurements.json")
    measurements, findings = check_file(tmp_path / "measurements.json")
    assert measurements is not None, findings
    assert [pair.addresses for pair in measurements.pairs] == ["internal"]


def test_both_benchmarks_need_a_choice(tmp_path: Path) -> None:
    lines = [*ping("a"), *netperf("n")]
    with pytest.raises(MeasurementsError, match="choose one with --benchmark"):
        read(tmp_path, lines)
    assert read(tmp_path, lines, benchmark="netperf").method.tool == "perfkit-netperf"


def test_other_tests_and_metrics_are_skipped(tmp_path: Path) -> None:
    other = [sample("x", "y", "o", test="fio"), sample("lscpu", None, "l")]
    assert len(read(tmp_path, [*other, *ping("a")]).pairs) == 1


def test_a_local_site_matches_any_cloud_in_the_metadata(tmp_path: Path) -> None:
    names = {"aws": "us-east-1a", "azure": "eastus-1"}
    local = evolve(
        THREE,
        sites=tuple(
            evolve(THREE.site(site), cloud="local", zone=zone, zones=(zone,))
            for site, zone in names.items()
        ),
    )
    [pair] = import_pkb([written(tmp_path, ping("a"))], local, CLOUDS).measurements.pairs
    assert (pair.from_zone, pair.to_zone) == ("aws/us-east-1a", "azure/eastus-1")


def test_a_zone_of_another_cloud_is_not_the_topologys(tmp_path: Path) -> None:
    elsewhere = ping("a", metadata={**ENDS, "vm_1_cloud": "GCP"})
    with pytest.raises(MeasurementsError, match="the zones here: us-east-1a"):
        read(tmp_path, elsewhere)


def test_a_cloud_of_another_name_may_be_any(tmp_path: Path) -> None:
    static = {**ENDS, "vm_1_cloud": "Static", "vm_2_cloud": "Static"}
    [pair] = read(tmp_path, ping("a", metadata=static)).pairs
    assert (pair.from_zone, pair.to_zone) == ("aws/us-east-1a", "azure/1")


def test_zones_of_other_topologies_are_named_and_left_out(tmp_path: Path) -> None:
    far = ping("f", metadata={**ENDS, "sending_zone": "us-west-2a"})
    made = import_pkb([written(tmp_path, [*far, *ping("a")])], THREE, CLOUDS)
    [warning] = made.warnings
    assert "us-west-2a is not a candidate zone of exactly one site; 4 samples" in warning.message
    with pytest.raises(MeasurementsError, match="the zones here: us-west-2a"):
        import_pkb([written(tmp_path, far)], THREE, CLOUDS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": -1}, "-1 is out of range"),
        ({"value": 0}, "a round trip cannot take no time"),
        ({"value": 10_001}, "10001 is out of range"),
        ({"value": float("nan")}, "NaN is not a number"),
        ({"value": "fast"}, "fast"),
        ({"value": True}, "true is not a number"),
        ({"unit": "parsecs"}, "not a unit of time"),
        ({"timestamp": None}, "null is not a number"),
        ({"metadata": None}, "neither metadata nor labels"),
        ({"metadata": {}}, "the metadata has no sending_zone"),
        ({"test": 5}, "the key test is missing"),
    ],
)
def test_a_bad_sample_is_named_with_its_line(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    lines = ping("a")
    lines[1] = {**lines[1], **fields}
    with pytest.raises(MeasurementsError, match=message) as caught:
        read(tmp_path, lines)
    assert [finding.line for finding in caught.value.findings] == [2]


def test_a_file_cut_short_is_named_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, ping("a"))
    path.write_text(path.read_text()[:-30])
    with pytest.raises(MeasurementsError, match=r"results\.json:4:\d+: .*the last line is cut"):
        import_pkb([path], THREE, CLOUDS)


@pytest.mark.parametrize("text", ["", "\n\n", "[]", "5", "[" * 100_000, "not json", "\x00"])
def test_any_other_content_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(MeasurementsError):
        import_pkb([path], THREE, CLOUDS)
    with pytest.raises(MeasurementsError, match="there is no such file"):
        import_pkb([tmp_path / "nowhere"], THREE, CLOUDS)
