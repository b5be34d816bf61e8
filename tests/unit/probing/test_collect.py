"""Collecting from real agents, also if some are late or missing, or if it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support import measured
from support.agents import Fleet, fleet, running
from support.command import trunkline

from trunkline.measurements import MeasuredZone, Measurements, load, save
from trunkline.probing.addresses import ProbeAddress, probe_addresses
from trunkline.probing.client import ProbeUnavailableError, fetch
from trunkline.probing.collect import CollectionProgress, collect
from trunkline.topology import load as load_topology

TOPOLOGY = """\
name: two-sites
domain: example.com
local:
  latency_ms:
    a/us-1a: []
    a/us-1b: [1]
    b/us-1a: [2, 3]
sites:
  a:
    cloud: local
    region: us-1
    zones: [us-1a, us-1b]
    zone: us-1a
    network: {cidr: 127.FIRST.0.0/16}
  b:
    cloud: local
    region: us-1
    zones: [us-1a]
    zone: us-1a
    network: {cidr: 127.SECOND.0.0/16}
routing:
  routes:
    /a: {site: a}
"""
NAMES = ("a/us-1a", "a/us-1b", "b/us-1a")


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Fleet]:
    """The agents of three zones of a topology file, none of which runs yet."""
    ranges = {"FIRST": 192 + os.getpid() % 30, "SECOND": 222 + os.getpid() % 30}
    text = TOPOLOGY
    for name, number in ranges.items():
        text = text.replace(name, str(number))
    (tmp_path / "topology.yaml").write_text(text)
    hosts = {a.name: a.host for a in probe_addresses(load_topology(tmp_path / "topology.yaml"))}
    options = {"sweeps": 1, "deadline_seconds": 1}
    with running(Fleet(tmp_path, NAMES, options, hosts=hosts)) as fleet:
        yield fleet


def command(agents: Fleet, *arguments: str) -> subprocess.Popen[str]:
    """The command as a process, which a signal reaches."""
    environment = {**os.environ, "TF_VAR_probe_key": agents.key}
    return subprocess.Popen(
        [sys.executable, "-m", "trunkline", "collect", "topology.yaml", *arguments],
        cwd=agents.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(agents: Fleet, *arguments: str) -> tuple[int, str, str]:
    variables = {"TF_VAR_probe_key": agents.key, "TRUNKLINE_PROBE_KEY": None}
    folder = agents.folder
    done = trunkline("collect", "topology.yaml", *arguments, folder=folder, env=variables)
    return done.returncode, done.stdout, done.stderr


def saved(agents: Fleet) -> Measurements:
    return load(agents.folder / "measurements" / "two-sites.json")


def pairs(found: Measurements) -> set[tuple[str, str]]:
    return set(found.pair_by_ends)


def test_collect_waits_for_the_first_sweep_and_writes_every_pair(agents: Fleet) -> None:
    agents.start()
    code, output, errors = run(agents)
    assert (code, errors) == (0, "")
    assert "6 of 6 pairs, 3 of 3 zones" in output
    found = saved(agents)
    assert found.complete
    assert len(pairs(found)) == 6
    first = found.pairs[0]
    assert (first.samples, first.lost, first.sweeps) == (20, 0, 1)
    assert 0 < (first.round_trip_us.min or 0) <= (first.round_trip_us.p99 or 0)
    assert found.zones[0] == MeasuredZone(
        site="a", cloud="local", account=None, region="us-1", zone="us-1a"
    )
    age = datetime.now(UTC) - found.started_at
    assert 0 <= age.total_seconds() < 60
    kept = list((agents.folder / "measurements" / "two-sites.json.history").iterdir())
    assert [load(each) for each in kept] == [found]
    assert run(agents)[1].count("new file") == 0
    assert [*kept[0].parent.iterdir()] == kept


def test_no_history_is_kept_where_none_is_wanted(agents: Fleet) -> None:
    agents.start(NAMES[0])
    agents.when(NAMES[0], bool)
    assert run(agents, "--wait", "0", "--no-history")[0] == 0
    assert [each.name for each in (agents.folder / "measurements").iterdir()] == ["two-sites.json"]


@pytest.mark.slow
def test_a_missing_probe_is_named_and_the_rest_is_saved(agents: Fleet) -> None:
    agents.start(*NAMES[:2])
    code, output, errors = run(agents, "--wait", "4")
    assert code == 0
    assert "2 of 6 pairs, 2 of 3 zones" in output
    assert "b/us-1a: does not answer" in errors
    assert "partial: 4 pairs missing; run it again" in errors
    found = saved(agents)
    assert not found.complete
    assert [zone.status for zone in found.zones] == ["measured", "measured", "missing"]


@pytest.mark.slow
def test_a_second_collection_adds_pairs_and_keeps_the_earlier_ones(agents: Fleet) -> None:
    agents.start(*NAMES[:2])
    run(agents, "--wait", "4")
    before = saved(agents)
    for zone in NAMES[:2]:
        agents.kill(zone)
    agents.start(NAMES[0], NAMES[2])
    code, _, errors = run(agents, "--wait", "6")
    found = saved(agents)
    assert code == 0
    assert pairs(found) - pairs(before) == {(NAMES[0], NAMES[2]), (NAMES[2], NAMES[0])}
    assert pairs(before) < pairs(found)
    assert found.started_at == before.started_at
    assert "partial: 2 pairs missing" in errors


def test_nothing_is_written_if_no_agent_responds(agents: Fleet) -> None:
    code, output, errors = run(agents, "--wait", "0")
    assert (code, output) == (2, "")
    assert "no probe has answered; nothing was written" in errors
    assert not (agents.folder / "measurements").exists()


@pytest.mark.slow
def test_ctrl_c_saves_what_was_fetched(agents: Fleet) -> None:
    agents.start(*NAMES[:2], clock_offset_seconds=120)
    for zone in NAMES[:2]:
        agents.sweeps(zone)
    process = command(agents, "--wait", "60")
    assert process.stderr is not None
    for _ in NAMES[:2]:  # printed when the results are there
        assert process.stderr.readline().startswith("the clock of ")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 130, errors
    assert "2 of 6 pairs" in output
    assert len(pairs(saved(agents))) == 2


@pytest.mark.slow
def test_json_is_one_object(agents: Fleet) -> None:
    agents.start()
    code, output, _ = run(agents, "--format", "json", "--output", "m.json")
    assert code == 0
    files = [each.relative_to(agents.folder) for each in agents.folder.glob("m.json.history/*")]
    assert len(files) == 1
    assert json.loads(output) == {
        "file": "m.json",
        "history": [str(each) for each in files],
        "complete": True,
        "emulated": False,
        "interrupted": False,
        "pairs": 6,
        "missing_pairs": 0,
        "failures": {},
    }


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2}'])
def test_an_output_that_is_not_a_measurement_file_is_not_changed(
    agents: Fleet, content: str
) -> None:
    path = agents.folder / "m.json"
    path.write_text(content)
    code, _, errors = run(agents, "--wait", "0", "--output", "m.json")
    assert code == 2
    assert errors.startswith("m.json:1:")
    assert "Traceback" not in errors
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"topology": "another"}, "holds measurements of another, not of two-sites"),
        ({"tool": "perfkit-ping"}, "was measured with another tool"),
        ({"region": "us-2"}, "was measured with site a in local, us-2"),
    ],
)
def test_measurements_that_cannot_be_completed_are_not_changed(
    agents: Fleet, change: dict[str, str], reason: str
) -> None:
    text = earlier(agents.folder / "m.json", **change)
    code, _, errors = run(agents, "--wait", "0", "--output", "m.json")
    assert code == 2
    assert f"m.json: {reason}; move it away" in errors
    assert (agents.folder / "m.json").read_text() == text


def test_emulated_and_measured_latencies_are_not_mixed(agents: Fleet) -> None:
    agents.start(NAMES[0])
    agents.when(NAMES[0], bool)
    text = earlier(agents.folder / "m.json", emulated=True)
    code, _, errors = run(agents, "--wait", "0", "--output", "m.json")
    assert code == 2
    assert "m.json: would mix emulated with measured latencies; move it away" in errors
    assert (agents.folder / "m.json").read_text() == text


def earlier(path: Path, region: str = "us-1", tool: Any = "trunkline", **fields: Any) -> str:
    """Write what an earlier run might have left; returns the text."""
    zones = [measured.zone(*name.split("/"), cloud="local", region=region) for name in NAMES]
    pairs = measured.all_pairs(zones, lambda *_: 500)
    kept = measured.measurements(zones, pairs, **{"topology": "two-sites", **fields})
    save(evolve(kept, method=evolve(kept.method, tool=tool)), path)
    return path.read_text()


def test_an_output_that_cannot_be_written_is_explained(agents: Fleet) -> None:
    agents.start(NAMES[0])
    agents.sweeps(NAMES[0])
    code, _, errors = run(agents, "--wait", "0", "--output", "topology.yaml/m.json")
    assert code == 2
    assert "cannot make the folder topology.yaml" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_progress_counts_and_a_wrong_clock_is_reported_once(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, sweeps=1) as agents:
        agents.start(agents.zones[0], clock_offset_seconds=20 * 60)
        agents.start(agents.zones[1])
        seen: list[CollectionProgress] = []
        key = bytes.fromhex(agents.key)
        collection = collect(agents.addresses, key, wait_seconds=20, report=seen.append)
    assert collection.ready
    assert (seen[-1].total, seen[-1].responding, seen[-1].ready) == (2, 2, 2)
    notes = [progress.note for progress in seen if progress.note]
    assert notes == [
        "the clock of a/z0 is 20 minutes ahead of this one's; "
        "the request was signed again with its time"
    ]


def test_an_invalid_response_does_not_lose_the_results_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline.probing import collect as module
    from trunkline.probing.client import AgentResults

    contents: dict[str, dict[str, Any]] = {
        "a/z0": {"completed": 1, "phase": "done"},
        "b/z1": {"version": 1},
    }
    monkeypatch.setattr(module, "fetch", lambda zone, key: AgentResults(contents[zone.name], 0.0))
    addresses = Fleet(tmp_path, tuple(contents)).addresses
    found = collect(addresses, bytes(32))
    assert list(found.results) == ["a/z0"]
    assert found.failures["b/z1"].startswith("gave a response that is not valid (KeyError")


def test_agents_are_fetched_until_they_are_ready_and_a_wrong_clock_is_reported_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline.probing import collect as module
    from trunkline.probing.client import AgentResults

    completed = {"a/z0": iter([0, 1]), "b/z1": iter([0, 0, 1])}
    clocks = {"a/z0": (20 * 60.0, True), "b/z1": (-2 * 60.0, False)}

    def fetch(zone: ProbeAddress, key: bytes) -> AgentResults:
        content = {"completed": next(completed[zone.name]), "phase": "measuring"}
        return AgentResults(content, *clocks[zone.name])

    seen: list[CollectionProgress] = []
    monkeypatch.setattr(module, "fetch", fetch)
    addresses = Fleet(tmp_path, tuple(completed)).addresses
    assert collect(addresses, bytes(32), wait_seconds=60, report=seen.append).ready
    assert len(seen) == 2 + 2 + 1
    assert (seen[-1].total, seen[-1].responding, seen[-1].ready) == (2, 2, 2)
    assert sorted(progress.note for progress in seen if progress.note) == [
        "the clock of a/z0 is 20 minutes ahead of this one's; "
        "the request was signed again with its time",
        "the clock of b/z1 is 2 minutes behind this one's",
    ]


def test_ctrl_c_keeps_the_results_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trunkline.probing import collect as module
    from trunkline.probing.client import AgentResults

    def fetch(zone: ProbeAddress, key: bytes) -> AgentResults:
        if zone.name == "b/z1":
            raise KeyboardInterrupt
        return AgentResults({"completed": 0, "phase": "gathering"}, 0.0)

    monkeypatch.setattr(module, "fetch", fetch)
    monkeypatch.setattr(module, "AT_ONCE", 1)
    found = collect(Fleet(tmp_path, ("a/z0", "b/z1", "c/z2")).addresses, bytes(32), wait_seconds=60)
    assert found.interrupted
    assert not found.ready
    assert found.failures["b/z1"] == "was not asked"


def test_a_key_may_be_in_a_file_and_a_wrong_one_is_explained(agents: Fleet) -> None:
    _, _, errors = run(agents, "--wait", "0", "--key-file", "topology.yaml")
    assert "topology.yaml: not a valid probe key" in errors
    agents.start(*NAMES[:1])
    agents.when(NAMES[0], bool)
    (agents.folder / "other").write_text("0" * 64 + "\n")
    code, _, errors = run(agents, "--wait", "0", "--key-file", "other")
    assert code == 2
    assert f"{NAMES[0]}: refuses: it has another key" in errors


def test_probes_that_are_turned_off_are_not_waited_for(agents: Fleet) -> None:
    with (agents.folder / "topology.yaml").open("a") as file:
        file.write("probes: {enabled: false}\n")
    code, output, errors = run(agents)
    assert (code, output) == (2, "")
    assert errors.startswith("probes are turned off in two-sites; delete enabled: false")


def test_an_agent_refuses_a_request_for_another_zone(agents: Fleet) -> None:
    agents.start(NAMES[0])
    agents.when(NAMES[0], bool)
    imposed = evolve(agents.address(NAMES[0]), zone="us-1b")
    with pytest.raises(ProbeUnavailableError, match="refuses"):
        fetch(imposed, bytes.fromhex(agents.key))
