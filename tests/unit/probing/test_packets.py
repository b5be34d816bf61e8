"""Packets that deserve no answer: forged, replayed, reflected, misdirected, malformed."""

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
from support.agents import PORT, Fleet, fleet, wait_until

from trunkline.probing import agent
from trunkline.probing.agent import ASK, PACKET, PING, TAG, Channel, Peer, identity

HERE, THERE, ABSENT = "a/z0", "b/z1", "a/z2"
NOW = 1_800_000_000 * 10**9


@define
class Impostor:
    """This test in the place of the agent of `zone`."""

    agents: Fleet
    zone: str
    link: socket.socket
    channel: Channel

    def question(self, kind: bytes = ASK, progress: int = 1 << 16) -> bytes:
        return self.seal(kind, HERE, self.channel.take(), progress)

    def ping(self, receiver: str, sequence: int) -> bytes:
        return self.seal(PING, receiver, sequence, agent.at(1, 1, agent.LOWER_MEASURES))

    def seal(self, kind: bytes, receiver: str, sequence: int, progress: int) -> bytes:
        ids = identity(self.zone), identity(receiver)
        return self.channel.seal(kind, *ids, sequence, 0, progress)

    def meet(self, other: str) -> None:
        """Begin the first round with the agent of `other`, which waits for this one to measure."""
        arrived = agent.at(1, 1, agent.ARRIVED)

        def is_there() -> bool:
            self.send(self.seal(ASK, other, self.channel.take(), arrived), other)
            try:
                return bool(PACKET.unpack(self.next_answer()[:-TAG])[-1] >= arrived)
            except TimeoutError:
                return False  # it has not started yet

        self.link.settimeout(0.5)
        wait_until(is_there)
        self.link.settimeout(5)

    def send(self, packet: bytes, receiver: str = HERE, link: socket.socket | None = None) -> None:
        (link or self.link).sendto(packet, (self.agents.address(receiver).host, PORT))

    def next_answer(self) -> bytes:
        """The next packet that is no question: agents ask by themselves as well."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            data = self.link.recv(500)
            if data[:4] != ASK:
                return data
        raise TimeoutError("nothing but questions")

    def assert_silent(self) -> None:
        """The agent answers in order, so what it answers next is a genuine question."""
        packet = self.question()
        self.send(packet)
        assert echo(self.next_answer()) == PACKET.unpack(packet[:-TAG])[3]


def echo(answer: bytes) -> int:
    """The sequence that an answer answers."""
    sequence: int = PACKET.unpack(answer[:-TAG])[4]
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


def test_an_answer_is_not_longer_than_its_question(impostor: Impostor) -> None:
    question = impostor.question()
    impostor.send(question)
    assert len(impostor.next_answer()) == len(question) == 60


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_gets_no_answer(impostor: Impostor, data: bytes) -> None:
    impostor.send(data)
    impostor.assert_silent()


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 59), st.integers(1, 255))
def test_a_genuine_packet_with_one_byte_changed_gets_no_answer(
    impostor: Impostor, place: int, change: int
) -> None:
    packet = bytearray(impostor.question())
    packet[place] ^= change
    impostor.send(bytes(packet))
    impostor.assert_silent()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 59), st.binary(max_size=40))
def test_a_genuine_packet_cut_short_or_made_longer_gets_no_answer(
    impostor: Impostor, length: int, more: bytes
) -> None:
    packet = impostor.question()
    impostor.send(packet[:length])
    impostor.send(packet + b"x" + more)
    impostor.assert_silent()


def test_a_replayed_packet_gets_no_answer_wherever_it_comes_from(impostor: Impostor) -> None:
    packets = [impostor.question() for _ in range(100)]
    for packet in packets:
        impostor.send(packet)
        impostor.next_answer()
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


def test_a_packet_for_another_agent_gets_no_answer(impostor: Impostor) -> None:
    channel = impostor.channel
    impostor.send(channel.seal(ASK, identity(THERE), identity(ABSENT), channel.take(), 0, 0))
    impostor.assert_silent()


def test_the_agents_own_packets_sent_back_get_no_answer(impostor: Impostor) -> None:
    impostor.send(impostor.question())
    answer = impostor.next_answer()
    impostor.send(answer)
    channel = impostor.channel
    impostor.send(channel.seal(ASK, identity(HERE), identity(HERE), channel.take(), 0, 0))
    impostor.assert_silent()


def test_a_sender_that_is_not_in_the_topology_gets_no_answer(impostor: Impostor) -> None:
    channel = impostor.channel
    impostor.send(channel.seal(ASK, identity("c/z9"), identity(HERE), channel.take(), 0, 0))
    impostor.assert_silent()


def test_another_key_or_another_list_of_zones_gets_no_answer(impostor: Impostor) -> None:
    zones = sorted(impostor.agents.zones)
    key = bytes.fromhex(impostor.agents.key)
    for other in (Channel(bytes(32), zones, THERE, NOW), Channel(key, zones[:2], THERE, NOW)):
        sequence = impostor.channel.take()
        impostor.send(other.seal(ASK, identity(THERE), identity(HERE), sequence, 0, 0))
    impostor.assert_silent()


def test_a_ping_outside_a_meeting_gets_no_answer(impostor: Impostor) -> None:
    impostor.send(impostor.question(PING, agent.at(1, 1, 1)))
    impostor.assert_silent()


def test_a_flood_leaves_nothing_behind(impostor: Impostor) -> None:
    process = impostor.agents.processes[HERE]
    genuine = impostor.question()

    def resident() -> int:
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def flood() -> None:
        for number in range(20_000):
            impostor.send(genuine if number % 2 else number.to_bytes(60, "big"))
            if number % 100 == 0:
                impostor.assert_silent()

    impostor.send(genuine)
    impostor.next_answer()
    flood()
    before = resident()
    flood()
    assert resident() - before < 200  # kB


def test_a_sequence_is_admitted_once_and_in_any_order_within_the_window() -> None:
    peer = Peer({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    assert peer.admit(NOW, NOW)
    later = [NOW + 5, NOW + 2, NOW + 9, NOW + 1]
    assert [peer.admit(sequence, NOW) for sequence in later] == [True] * 4
    assert [peer.admit(sequence, NOW) for sequence in [NOW, *later]] == [False] * 5
    assert not peer.admit(NOW - 1, NOW)


@given(st.lists(st.integers(NOW, NOW + 200), max_size=300))
def test_no_sequence_is_admitted_twice_and_memory_is_bounded(sequences: list[int]) -> None:
    peer = Peer({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    admitted = [sequence for sequence in sequences if peer.admit(sequence, NOW)]
    assert len(admitted) == len(set(admitted))
    assert len(peer._recent) <= agent.WINDOW


@pytest.mark.parametrize(
    ("hours", "admitted"), [(0.9, True), (-0.9, True), (1.1, False), (-1.1, False)]
)
def test_an_unknown_sender_must_be_within_an_hour_of_our_clock(
    hours: float, admitted: bool
) -> None:
    peer = Peer({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    assert peer.admit(NOW + int(hours * agent.HOUR), NOW) is admitted


def test_a_known_sender_may_come_back_days_later() -> None:
    peer = Peer({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    peer.admit(NOW, NOW)
    assert peer.admit(NOW + 72 * agent.HOUR, NOW)


def test_sequences_only_grow_and_a_block_is_nobody_elses() -> None:
    channel = Channel(bytes(32), [HERE], HERE, NOW)
    taken = [(channel.take(count), count) for count in (1, 5000, 1, 1, 300, 1)]
    for (first, count), (following, _) in pairwise(taken):
        assert following >= first + count


def test_sequences_follow_the_clock_so_that_a_restarted_receiver_believes_an_old_sender() -> None:
    channel = Channel(bytes(32), [HERE], HERE, NOW)
    time.sleep(0.05)
    assert 40_000_000 < channel.take() - NOW < 10**10


def test_pings_of_a_row_are_answered_once_each_whichever_are_lost(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        player.meet(THERE)
        first = player.channel.take(60)
        pings = {first + number: player.ping(THERE, first + number) for number in range(60)}
        lost = {*range(first, first + 60, 7), first + 20, first + 21}
        arrived = [sequence for sequence in pings if sequence not in lost]
        for sequence in arrived:
            player.send(pings[sequence], THERE)
            assert echo(player.next_answer()) == sequence
        for sequence in arrived:
            player.send(pings[sequence], THERE)
        fresh = player.channel.take()
        player.send(player.ping(THERE, fresh), THERE)
        assert echo(player.next_answer()) == fresh


def test_a_lost_ping_costs_no_other_however_much_news_came_before(tmp_path: Path) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        player.meet(THERE)
        first = player.channel.take(60)
        measuring = agent.at(1, 1, agent.LOWER_MEASURES)
        for _ in range(agent.WINDOW + 1):
            player.send(player.seal(ASK, THERE, player.channel.take(), measuring), THERE)
            player.next_answer()
        for sequence in (each for each in range(first, first + 60) if each != first + 5):
            player.send(player.ping(THERE, sequence), THERE)
            assert echo(player.next_answer()) == sequence


def test_a_ping_that_was_held_back_from_before_the_measurement_gets_no_answer(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, 2, silence_seconds=5) as agents, impostor_of(agents, HERE) as player:
        agents.start(THERE)
        held_back = player.channel.take()
        player.meet(THERE)
        player.send(player.ping(THERE, held_back), THERE)
        fresh = player.channel.take()
        player.send(player.ping(THERE, fresh), THERE)
        assert echo(player.next_answer()) == fresh


@given(st.lists(st.integers(NOW, NOW + 200), max_size=300))
def test_pings_are_admitted_in_order_and_once(sequences: list[int]) -> None:
    peer = Peer({"site": "b", "zone": "z1", "host": "192.0.2.1"}, 1, {})
    admitted = [sequence for sequence in sequences if peer.admit_ping(sequence, NOW)]
    assert all(earlier < later for earlier, later in pairwise(admitted))
    assert max(sequences, default=None) == (admitted[-1] if admitted else None)
