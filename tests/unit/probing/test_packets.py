"""Packets that get no response: forged, replayed, reflected, misdirected, malformed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st
from support.agents import PORT, Fleet, fleet
from support.loopback import eventually

from trunkline.probing import agent
from trunkline.probing.agent import PACKET, PING, QUERY, TAG, Channel, PeerState, identity

HERE, THERE, ABSENT = "a/z0", "b/z1", "a/z2"
NOW = 1_800_000_000 * 10**9


@define
class Impostor:
    """This test acting as the agent of `zone`."""

    agents: Fleet
    zone: str
    link: socket.socket
    channel: Channel

    def query(self, kind: bytes = QUERY, progress: int = 1 << 16) -> bytes:
        return self.seal(kind, HERE, self.channel.take(), progress)

    def ping(self, receiver: str, sequence: int) -> bytes:
        return self.seal(PING, receiver, sequence, agent.progress_at(1, 1, agent.LOWER_MEASURES))

    def seal(self, kind: bytes, receiver: str, sequence: int, progress: int) -> bytes:
        ids = identity(self.zone), identity(receiver)
        return self.channel.seal(kind, *ids, sequence, 0, progress)

    def meet(self, other: str) -> None:
        """Begin the first round with the agent of `other`, which then waits to be measured."""
        arrived = agent.progress_at(1, 1, agent.ARRIVED)

        def is_up() -> bool:
            self.send(self.seal(QUERY, other, self.channel.take(), arrived), other)
            try:
                return bool(PACKET.unpack(self.next_response()[:-TAG])[-1] >= arrived)
            except TimeoutError:
                return False  # it has not started yet

        self.link.settimeout(0.5)
        eventually(is_up)
        self.link.settimeout(5)

    def send(self, packet: bytes, receiver: str = HERE, link: socket.socket | None = None) -> None:
        (link or self.link).sendto(packet, (self.agents.address(receiver).host, PORT))

    def next_response(self) -> bytes:
        """The next packet that is not a query: agents send queries as well."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            data = self.link.recv(500)
            if data[:4] != QUERY:
                return data
        raise TimeoutError("only queries")

    def assert_silent(self) -> None:
        """The agent responds in order, so its next response is to this authentic query."""
        packet = self.query()
        self.send(packet)
        assert echo(self.next_response()) == PACKET.unpack(packet[:-TAG])[3]


def echo(response: bytes) -> int:
    """The sequence number of the packet that this is the response to."""
    sequence: int = PACKET.unpack(response[:-TAG])[4]
    return sequence


@contextmanager
def impostor_of(agents: Fleet, zone: str) -> Iterator[Impostor]:
    names = sorted(agents.zones)
    channel = Channel(bytes.fromhex(agents.key), names, zone, time.time_ns())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind((agents.address(zone).host, PORT))
        link.settimeout(5)
        yield Impostor(agents, zone, link, channel)


@pytest.fixture(scope="module")
def impostor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Impostor]:
    with (
        fleet(tmp_path_factory.mktemp("agents"), 3) as agents,
        impostor_of(agents, THERE) as player,
    ):
        agents.start(HERE, deadline_seconds=1000)
        agents.when(HERE, lambda results: results["phase"] == "gathering")
        yield player


def test_a_response_is_not_longer_than_its_query(impostor: Impostor) -> None:
    query = impostor.query()
    impostor.send(query)
    assert len(impostor.next_response()) == len(query) == 60


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_gets_no_response(impostor: Impostor, data: bytes) -> None:
    impostor.send(data)
    impostor.assert_silent()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 59), st.integers(1, 255))
def test_a_authentic_packet_with_one_byte_changed_gets_no_response(
    impostor: Impostor, place: int, change: int
) -> None:
    packet = bytearray(impostor.query())
    packet[place] ^= change
    impostor.send(bytes(packet))
    impostor.assert_silent()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 59), st.binary(max_size=40))
def test_a_authentic_packet_cut_short_or_made_longer_gets_no_response(
    impostor: Impostor, length: int, more: bytes
) -> None:
    packet = impostor.query()
    impostor.send(packet[:length])
    impostor.send(packet + b"x" + more)
    impostor.assert_silent()


def test_a_replayed_packet_gets_no_response_from_any_address(impostor: Impostor) -> None:
    packets = [impostor.query() for _ in range(100)]
    for packet in packets:
        impostor.send(packet)
        impostor.next_response()
    elsewhere = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    elsewhere.bind((f"{impostor.agents.network}.77", 0))
    with elsewhere:
        for packet in packets:
            impostor.send(packet)
            impostor.send(packet, link=elsewhere)
        impostor.assert_silent()
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.recv(500)


def test_a_packet_for_another_agent_gets_no_response(impostor: Impostor) -> None:
    channel = impostor.channel
    impostor.send(channel.seal(QUERY, identity(THERE), identity(ABSENT), channel.take(), 0, 0))
    impostor.assert_silent()


def test_the_agents_own_packets_sent_back_get_no_response(impostor: Impostor) -> None:
    impostor.send(impostor.query())
    response = impostor.next_response()
    impostor.send(response)
    channel = impostor.channel
    impostor.send(channel.seal(QUERY, identity(HERE), identity(HERE), channel.take(), 0, 0))
    impostor.assert_silent()


def test_a_sender_that_is_not_in_the_topology_gets_no_response(impostor: Impostor) -> None:
    channel = impostor.channel
    impostor.send(channel.seal(QUERY, identity("c/z9"), identity(HERE), channel.take(), 0, 0))
    impostor.assert_silent()


def test_another_key_or_another_list_of_zones_gets_no_response(impostor: Impostor) -> None:
    zones = sorted(impostor.agents.zones)
    key = bytes.fromhex(impostor.agents.key)
    for other in (Channel(bytes(32), zones, THERE, NOW), Channel(key, zones[:2], THERE, NOW)):
        sequence = impostor.channel.take()
        impostor.send(other.seal(QUERY, identity(THERE), identity(HERE), sequence, 0, 0))
    impostor.assert_silent()


def test_a_ping_outside_a_meeting_gets_no_response(impostor: Impostor) -> None:
    impostor.send(impostor.query(PING, agent.progress_at(1, 1, 1)))
    impostor.assert_silent()


@pytest.mark.slow
def test_a_flood_does_not_use_memory(impostor: Impostor) -> None:
    process = impostor.agents.processes[HERE]
    authentic = impostor.query()

    def resident() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def flood() -> None:
        for number in range(20_000):
            impostor.send(authentic if number % 2 else number.to_bytes(60, "big"))
            if number % 100 == 0:
                impostor.assert_silent()

    impostor.send(authentic)
    impostor.next_response()
    flood()
    before = resident()
    flood()
    assert resident() - before < 200  # kB


def test_a_sequence_is_accepted_once_and_in_any_order_within_the_window() -> None:
    peer = PeerState({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    assert peer.is_new(NOW, NOW)
    later = [NOW + 5, NOW + 2, NOW + 9, NOW + 1]
    assert [peer.is_new(sequence, NOW) for sequence in later] == [True] * 4
    assert [peer.is_new(sequence, NOW) for sequence in [NOW, *later]] == [False] * 5
    assert not peer.is_new(NOW - 1, NOW)


@given(st.lists(st.integers(NOW, NOW + 200), max_size=300))
def test_no_sequence_is_accepted_twice_and_memory_is_bounded(sequences: list[int]) -> None:
    peer = PeerState({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    accepted = [sequence for sequence in sequences if peer.is_new(sequence, NOW)]
    assert len(accepted) == len(set(accepted))
    assert len(peer._recent) <= agent.WINDOW


@pytest.mark.parametrize(
    ("hours", "accepted"), [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)]
)
def test_an_unknown_sender_must_be_within_an_hour_of_our_clock(
    hours: float, accepted: bool
) -> None:
    peer = PeerState({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    assert peer.is_new(NOW + int(hours * agent.HOUR), NOW) is accepted


def test_a_known_sender_may_come_back_days_later() -> None:
    peer = PeerState({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    peer.is_new(NOW, NOW)
    assert peer.is_new(NOW + 72 * agent.HOUR, NOW)


def test_sequences_only_grow_and_blocks_do_not_overlap() -> None:
    channel = Channel(bytes(32), [HERE], HERE, NOW)
    taken = [(channel.take(count), count) for count in (1, 5000, 1, 1, 300, 1)]
    for (first, count), (following, _) in pairwise(taken):
        assert following >= first + count


def test_sequences_follow_the_clock_so_that_a_restarted_receiver_accepts_an_old_sender() -> None:
    channel = Channel(bytes(32), [HERE], HERE, NOW)
    time.sleep(0.05)
    assert 40_000_000 < channel.take() - NOW < 10**10


def test_each_ping_that_arrives_is_answered_once(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        player.meet(THERE)
        first = player.channel.take(60)
        pings = {first + number: player.ping(THERE, first + number) for number in range(60)}
        lost = {*range(first, first + 60, 7), first + 20, first + 21}
        arrived = [sequence for sequence in pings if sequence not in lost]
        for sequence in arrived:
            player.send(pings[sequence], THERE)
            assert echo(player.next_response()) == sequence
        for sequence in arrived:
            player.send(pings[sequence], THERE)
        fresh = player.channel.take()
        player.send(player.ping(THERE, fresh), THERE)
        assert echo(player.next_response()) == fresh


def test_a_lost_ping_does_not_affect_others_after_many_queries(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        player.meet(THERE)
        first = player.channel.take(60)
        measuring = agent.progress_at(1, 1, agent.LOWER_MEASURES)
        for _ in range(agent.WINDOW + 1):
            player.send(player.seal(QUERY, THERE, player.channel.take(), measuring), THERE)
            player.next_response()
        for sequence in (each for each in range(first, first + 60) if each != first + 5):
            player.send(player.ping(THERE, sequence), THERE)
            assert echo(player.next_response()) == sequence


def test_a_delayed_ping_from_before_the_measurement_gets_no_response(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        delayed = player.channel.take()
        player.meet(THERE)
        player.send(player.ping(THERE, delayed), THERE)
        fresh = player.channel.take()
        player.send(player.ping(THERE, fresh), THERE)
        assert echo(player.next_response()) == fresh


@given(st.lists(st.integers(NOW, NOW + 200), max_size=300))
def test_pings_are_accepted_in_order_and_once(sequences: list[int]) -> None:
    peer = PeerState({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    accepted = [sequence for sequence in sequences if peer.is_new_ping(sequence, NOW)]
    assert all(earlier < later for earlier, later in pairwise(accepted))
    assert max(sequences, default=None) == (accepted[-1] if accepted else None)
