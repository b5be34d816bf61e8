"""Agents that measure one another, as processes on loopback."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from support.agents import every_pair, fleet
from support.loopback import eventually
from support.needs import needs

pytestmark = needs("Linux")  # whose loopback has all of 127.0.0.0/8


def test_every_pair_is_measured_in_both_directions(tmp_path: Path) -> None:
    with fleet(tmp_path, 5, sweeps=1) as agents:
        agents.start()
        assert agents.measured() == every_pair(agents.zones)
        [sweep] = agents.sweeps(agents.zones[0])[agents.zones[1]]
        assert 0 < sweep["min"] <= sweep["p50"] <= sweep["p90"] <= sweep["p99"] < 100_000
        assert (sweep["sweep"], sweep["sent"], sweep["lost"]) == (1, 20, 0)
        assert 0 < sweep["tcp"]["min"] <= sweep["tcp"]["p50"] < 100_000


def test_a_zone_alone_has_nothing_to_measure(tmp_path: Path) -> None:
    with fleet(tmp_path, 1, sweeps=1) as agents:
        agents.start()
        assert agents.sweeps(agents.zones[0]) == {}


@pytest.mark.slow
def test_sweeps_repeat_and_only_the_last_are_kept(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, samples=1, interval_seconds=0, tcp_connects=0) as agents:
        agents.start()
        sweeps = agents.sweeps(agents.zones[0], completed=30)[agents.zones[1]]
        assert len(sweeps) == 24
        numbers = [sweep["sweep"] for sweep in sweeps]
        assert numbers == list(range(numbers[0], numbers[0] + 24))
        assert numbers[-1] >= 30


@pytest.mark.slow
def test_the_next_sweep_begins_when_the_interval_is_over(tmp_path: Path) -> None:
    with fleet(tmp_path, 3, interval_seconds=3) as agents:
        agents.start()
        agents.sweeps(agents.zones[0], completed=2)
        first, second = agents.sweeps(agents.zones[0])[agents.zones[1]][:2]
        assert 2 < second["at"] - first["at"] < 10


@pytest.mark.slow
def test_the_others_measure_without_a_zone_that_never_comes_up(tmp_path: Path) -> None:
    with fleet(tmp_path, 4, sweeps=1, deadline_seconds=1) as agents:
        present = agents.zones[:3]
        agents.start(*present)
        assert agents.measured() == every_pair(present)
        peers = agents.results(present[0])["peers"]
        assert peers[agents.zones[3]] == {"heard": False, "sweeps": []}


@pytest.mark.slow
def test_a_late_agent_joins_the_others(tmp_path: Path) -> None:
    with fleet(tmp_path, 3, deadline_seconds=0.5, interval_seconds=1) as agents:
        late = agents.zones[2]
        agents.start(*agents.zones[:2])
        agents.sweeps(agents.zones[0])
        agents.start(late)
        # A sweep that has begun may be over before the late agent meets everybody.
        eventually(lambda: all(agents.sweeps(late).values()))
        assert agents.sweeps(late)[agents.zones[0]][0]["sweep"] > 1


@pytest.mark.slow
def test_an_agent_that_is_killed_in_a_sweep_comes_back(tmp_path: Path) -> None:
    options = {"samples": 100, "pause_ms": 2, "settle": False, "silence_seconds": 0.5}
    with fleet(tmp_path, 4, interval_seconds=1, **options) as agents:
        agents.start()
        victim = agents.zones[1]
        agents.when(victim, lambda results: results["phase"] == "measuring")
        agents.kill(victim)
        for zone in set(agents.zones) - {victim}:
            agents.when(zone, lambda results: results["completed"] >= 1)
        agents.start(victim)
        eventually(lambda: agents.measured() == every_pair(agents.zones))
        assert agents.sweeps(victim)[agents.zones[0]][-1]["sweep"] > 1


@pytest.mark.slow
def test_clocks_may_be_minutes_apart(tmp_path: Path) -> None:
    with fleet(tmp_path, 3, sweeps=1) as agents:
        for zone, minutes in zip(agents.zones, (-25, 0, 25), strict=True):
            agents.start(zone, clock_offset_seconds=minutes * 60)
        assert agents.measured() == every_pair(agents.zones)


@pytest.mark.slow
def test_an_agent_whose_clock_is_hours_off_is_ignored(tmp_path: Path) -> None:
    with fleet(tmp_path, 3, sweeps=1, deadline_seconds=1) as agents:
        agents.start(*agents.zones[:2])
        agents.start(agents.zones[2], clock_offset_seconds=2 * 3600)
        assert agents.measured() == every_pair(agents.zones[:2])


@pytest.mark.slow
def test_agents_of_another_topology_are_ignored(tmp_path: Path) -> None:
    with fleet(tmp_path, 3, sweeps=1, deadline_seconds=1) as agents:
        agents.start(*agents.zones[:2])
        more = {"site": "c", "zone": "z9", "host": f"{agents.network}.9"}
        peers = [*agents.config(agents.zones[2])["peers"], more]
        agents.start(agents.zones[2], peers=peers)
        assert agents.measured() == every_pair(agents.zones[:2])


@pytest.mark.slow
def test_the_key_may_come_late(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, sweeps=1) as agents:
        late = tmp_path / "late"
        late.write_text("not yet")
        agents.start(key_file=str(late))
        eventually(lambda: all(process.poll() is None for process in agents.processes.values()))
        late.write_text(agents.key)
        assert agents.measured() == every_pair(agents.zones)


def test_a_host_that_dns_does_not_know_is_found_by_its_packets(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, sweeps=1) as agents:
        first, second = agents.addresses
        unknown = [
            {"site": first.site, "zone": first.zone, "host": first.host},
            {"site": second.site, "zone": second.zone, "host": "no-such-name.invalid"},
        ]
        agents.start(agents.zones[0], peers=unknown)
        agents.start(agents.zones[1])
        assert agents.measured() == every_pair(agents.zones)


@pytest.mark.slow
def test_emulated_latencies_are_measured_and_marked(tmp_path: Path) -> None:
    distances = {frozenset(("a/z0", "b/z1")): 2.0, frozenset(("a/z0", "a/z2")): 5.0}
    distances[frozenset(("b/z1", "a/z2"))] = 12.0
    with fleet(tmp_path, 3, interval_seconds=0) as agents:
        for zone in agents.zones:
            others = [other for other in agents.zones if other != zone]
            emulated = {other: distances[frozenset((zone, other))] for other in others}
            agents.start(zone, emulated_ms=emulated)
        for zone, peer in itertools.permutations(agents.zones, 2):
            declared = distances[frozenset((zone, peer))] * 1000

            def is_met(sweep: dict[str, Any], declared: float = declared) -> bool:
                return bool(declared <= sweep["p50"] < 1.03 * declared + 500)

            # Other load on this machine may disturb a sweep, but not every one.
            eventually(lambda: any(map(is_met, agents.sweeps(zone)[peer])))  # noqa: B023
            # The kernel answers connects without the emulated delay.
            assert agents.sweeps(zone)[peer][0]["tcp"] is None
        assert agents.results("a/z0")["emulated"] is True


@pytest.mark.slow
def test_agents_that_crash_at_random_do_not_stop_the_others(tmp_path: Path) -> None:
    import random

    draw = random.Random(3)
    options = {"samples": 20, "silence_seconds": 0.5, "interval_seconds": 0, "deadline_seconds": 2}
    with fleet(tmp_path, 8, **options) as agents:
        agents.start()
        for _ in range(25):
            victim = draw.choice(agents.zones)
            agents.kill(victim)
            eventually(lambda: draw.random() < 0.2)
            agents.start(victim)
        reached = max(agents.when(zone, bool)["sweep"] for zone in agents.zones)
        for zone in agents.zones:
            agents.when(zone, lambda results: results["sweep"] >= reached + 3)
        for zone, peer in every_pair(agents.zones):
            assert agents.sweeps(zone)[peer][-1]["sweep"] > reached
        assert agents.log() == ""
