"""Agents in this process: the tournament, and what ends a measurement."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.agents import Fleet
from support.loopback import eventually

from trunkline.probing import agent as module
from trunkline.probing.agent import PING, PONG, QUERY, Channel, Config, ProbeAgent, identity
from trunkline.probing.client import fetch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8")

ONE, TWO, THREE = "a/z0", "b/z1", "c/z2"
METADATA = {"address": "192.0.2.1:80", "requests": [], "physical_zone": "use1-az4"}


def fleet(folder: Path, *zones: str, **options: Any) -> Fleet:
    """The configurations of agents; a thread of this process runs each."""
    (folder / "key").write_text(f"{'0' * 64}\n")
    return Fleet(folder, zones or (ONE, TWO), {"sweeps": 1, **options}, key="0" * 64)


def started(fleet: Fleet, zone: str, **options: Any) -> ProbeAgent:
    """An agent that runs. Its threads end with the process; without peers they only wait."""
    agent = ProbeAgent(Config(fleet.config(zone, **options)))
    agent.listen()
    threading.Thread(target=agent.run, daemon=True).start()
    return agent


def quiet(fleet: Fleet, zone: str, **options: Any) -> ProbeAgent:
    """An agent whose threads do not run."""
    agent = ProbeAgent(Config(fleet.config(zone, **options)))
    agent.channel = channel(fleet, zone)
    return agent


def channel(fleet: Fleet, zone: str) -> Channel:
    return Channel(bytes(32), sorted(fleet.zones), zone, time.time_ns())


def measured(agent: ProbeAgent) -> dict[str, list[dict[str, Any]]]:
    """The sweeps of an agent by peer, when it has completed one."""
    eventually(lambda: agent.completed > 0)
    return {name: list(peer.sweeps) for name, peer in agent.peers.items()}


def test_agents_measure_one_another(tmp_path: Path) -> None:
    agents = fleet(tmp_path, ONE, TWO, THREE)
    running = [started(agents, zone) for zone in agents.zones]
    for agent in running:
        for sweeps in measured(agent).values():
            [sweep] = sweeps
            assert (sweep["sweep"], sweep["sent"], sweep["lost"]) == (1, 20, 0)
            assert 0 < sweep["min"] <= sweep["p50"] <= sweep["p99"]
            assert 0 < sweep["tcp"]["min"] <= sweep["tcp"]["p50"]
    eventually(lambda: all(agent.phase == "done" for agent in running))


def test_results_can_be_fetched_while_agents_wait(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    agent = started(agents, ONE, deadline_seconds=1000)
    eventually(lambda: agent.phase == "gathering")
    content = fetch(agents.address(ONE), bytes(32)).content
    assert (content["phase"], content["completed"]) == ("gathering", 0)
    assert content["peers"] == {TWO: {"heard": False, "sweeps": []}}


def test_emulated_latencies_are_measured(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    pairs = ((ONE, TWO), (TWO, ONE))
    first, _ = [started(agents, zone, emulated_ms={other: 5.0}) for zone, other in pairs]
    [sweep] = measured(first)[TWO]
    assert sweep["min"] >= 5000
    assert sweep["tcp"] is None
    assert first.results()["emulated"] is True


def test_an_agent_measures_without_peers_after_the_deadline(tmp_path: Path) -> None:
    agent = started(fleet(tmp_path, deadline_seconds=0.2), ONE)
    assert measured(agent) == {TWO: []}
    assert agent.peers[TWO].silent


def test_a_late_agent_joins_at_the_next_sweep(tmp_path: Path) -> None:
    agents = fleet(tmp_path, ONE, TWO, THREE, deadline_seconds=0.3, interval_seconds=1, sweeps=6)
    first = started(agents, ONE)
    started(agents, TWO)
    eventually(lambda: first.completed > 0)
    late = started(agents, THREE)
    sweeps = late.peers[ONE].sweeps
    eventually(lambda: len(sweeps) > 0)
    assert 2 <= int(str(sweeps[0]["sweep"])) <= 6


def test_an_agent_waits_for_its_key(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    key = tmp_path / "late"
    agent = started(agents, ONE, key_file=str(key))
    started(agents, TWO)
    assert agent.phase == "waiting for the key"
    key.write_text("too short")
    time.sleep(0.3)
    key.write_text("0" * 64)
    assert measured(agent)[TWO]


def test_a_machine_of_a_cloud_finds_its_physical_zone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_physical_zone", lambda query: f"az4 of {query['address']}")
    agent = quiet(fleet(tmp_path), ONE, metadata=METADATA)
    agent._find_physical_zone()
    assert agent.results()["physical_zone"] == "az4 of 192.0.2.1:80"


def test_a_metadata_service_that_is_not_ready_is_queried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [ValueError("503"), OSError("not ready")]

    def find(query: dict[str, Any]) -> str:
        if errors:
            raise errors.pop()
        return "use1-az4"

    pauses: list[float] = []
    sleep = time.sleep

    def pause(seconds: float) -> None:
        own = threading.current_thread() is threading.main_thread()
        pauses.append(seconds) if own else sleep(seconds)

    monkeypatch.setattr(module, "find_physical_zone", find)
    monkeypatch.setattr(time, "sleep", pause)
    agent = quiet(fleet(tmp_path), ONE, metadata=METADATA)
    agent._find_physical_zone()
    assert (agent.physical_zone, pauses) == ("use1-az4", [30, 30, 0])


# Packets.


def accepts(agent: ProbeAgent, sender: str, source: Channel, kind: bytes = QUERY) -> bool:
    """Whether an agent accepts a new packet that `source` sealed in the name of `sender`."""
    receiver = identity(agent.config.name)
    packet = source.seal(kind, identity(sender), receiver, source.take(), 0, 1 << 16)
    return agent._accept(packet, ("192.0.2.1", 1)) is not None


def test_packets_of_peers_are_accepted_once(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    agent, other = quiet(agents, ONE), channel(agents, TWO)
    packet = other.seal(QUERY, other.id, agent.channel.id, other.take(), 0, 1 << 16)
    assert agent._accept(packet, ("192.0.2.1", 1)) is not None
    assert agent._accept(packet, ("192.0.2.1", 1)) is None
    assert not agent.peers[TWO].silent
    assert agent.peers[TWO].progress == 1 << 16


def test_packets_of_others_are_not_accepted(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    agent, other = quiet(agents, ONE), channel(agents, TWO)
    assert accepts(agent, TWO, other)
    assert not accepts(agent, THREE, other)  # not in the topology
    assert not accepts(agent, ONE, other)  # reflected
    assert not accepts(agent, TWO, Channel(bytes(32), [ONE], TWO, time.time_ns()))
    assert agent._accept(b"", ("192.0.2.1", 1)) is None


def test_a_ping_below_the_floor_is_not_accepted(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    agent, other = quiet(agents, ONE), channel(agents, TWO)
    assert accepts(agent, TWO, other, PING)
    agent.peers[TWO].floor = other.take() + 10**12
    assert not accepts(agent, TWO, other, PING)


def test_the_source_of_a_packet_is_used_if_dns_has_no_address(tmp_path: Path) -> None:
    peer = quiet(fleet(tmp_path), ONE).peers[TWO]
    peer.host = "no-such-name.invalid"
    peer.resolve()
    assert peer.address is None
    peer.record(0, ("192.0.2.1", peer.port + 1))
    assert peer.address is None
    peer.record(0, ("192.0.2.1", peer.port))
    assert peer.address == ("192.0.2.1", peer.port)


def test_a_known_address_is_kept_if_dns_fails(tmp_path: Path) -> None:
    peer = quiet(fleet(tmp_path), ONE).peers[TWO]
    peer.resolve()
    known = peer.address
    peer.host = "no-such-name.invalid"
    peer.resolve()
    assert peer.address == known is not None


def test_a_packet_without_a_route_is_ignored(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE)
    agent._query(agent.peers[TWO])  # without an address
    agent.udp.close()
    agent._send(b"packet", ("192.0.2.1", 1))


# Waiting for a partner.


def test_a_silent_partner_is_not_waited_for(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE, silence_seconds=0.1)
    peer = agent.peers[TWO]
    assert not agent._await(peer, 1, module.ARRIVED)
    peer.silent = False
    assert not agent._await(peer, 1, module.ARRIVED)
    assert peer.silent


def test_a_partner_without_progress_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALL", -1)
    agent = quiet(fleet(tmp_path), ONE, samples=1, silence_seconds=60)
    agent.peers[TWO].silent = False
    assert not agent._await(agent.peers[TWO], 1, module.ARRIVED)


def test_a_partner_that_has_gone_on_is_not_measured(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE)
    agent.peers[TWO].progress = module.progress_at(1, 2, 0)
    assert not agent._await(agent.peers[TWO], 1, module.ARRIVED)


# Measuring.


def linked(respond: Callable[[Channel, bytes], bytes | None], folder: Path) -> tuple[Any, ...]:
    """An agent, its peer, and a socket to a double of the peer that responds to its pings."""
    agents = fleet(folder)
    agent, other = quiet(agents, ONE), channel(agents, TWO)
    link, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 20_000))

    def run() -> None:
        while data := far.recv(256):
            response = respond(other, data)
            if response is not None:
                far.send(response)

    threading.Thread(target=run, daemon=True).start()
    return agent, agent.peers[TWO], link


def pong(other: Channel, data: bytes) -> bytes:
    """The response to a ping."""
    packet = other.open(data)
    assert packet is not None
    return other.seal(PONG, other.id, packet[1], other.take(), packet[2], 0)


def test_every_response_is_a_round_trip(tmp_path: Path) -> None:
    times, lost = module.ping(*linked(pong, tmp_path))
    assert (len(times), lost) == (20, 0)
    assert min(times) > 0


def test_a_ping_without_a_response_is_lost(tmp_path: Path) -> None:
    count = iter(range(1000))
    times, lost = module.ping(
        *linked(lambda other, data: pong(other, data) if next(count) % 4 else None, tmp_path)
    )
    assert (len(times), lost) == (15, 5)


def test_five_lost_pings_in_a_row_end_a_measurement(tmp_path: Path) -> None:
    assert module.ping(*linked(lambda other, data: None, tmp_path)) == ([], 5)


def test_a_response_to_another_ping_is_not_a_round_trip(tmp_path: Path) -> None:
    def late(other: Channel, data: bytes) -> bytes:
        return other.seal(PONG, other.id, identity(ONE), other.take(), 7, 0)

    assert module.ping(*linked(late, tmp_path)) == ([], 5)


def test_other_packets_do_not_extend_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOSS_SECONDS", 0)
    agent, peer, link = linked(lambda other, data: b"noise", tmp_path)
    assert module.round_trip(agent.channel, peer, link, b"ping", 1) is None


def test_a_settled_measurement_ends_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "settled", lambda times: len(times) == 7)
    times, _ = module.ping(*linked(pong, tmp_path))
    assert len(times) == 7


def test_a_peer_without_an_address_is_not_measured(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE)
    assert module.measure(agent, agent.peers[TWO]) is None


def test_a_peer_that_does_not_respond_is_not_measured(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE)
    agent.peers[TWO].resolve()  # no agent listens there
    assert module.measure(agent, agent.peers[TWO]) is None


def test_a_peer_without_a_route_is_not_measured(tmp_path: Path) -> None:
    agent = quiet(fleet(tmp_path), ONE)
    agent.peers[TWO].address = ("not an address", 1)
    assert module.measure(agent, agent.peers[TWO]) is None


def test_connects_that_fail_have_no_figures(tmp_path: Path) -> None:
    agents = fleet(tmp_path)
    assert module.connects(Config(agents.config(ONE)), (agents.address(TWO).host, 8100)) is None


@pytest.mark.parametrize("milliseconds", [0.5, 1.5])
def test_pings_are_a_pause_apart(tmp_path: Path, milliseconds: float) -> None:
    begin = time.perf_counter()
    module.pause(Config(fleet(tmp_path).config(ONE, pause_ms=milliseconds)))
    assert time.perf_counter() - begin >= milliseconds / 1000
