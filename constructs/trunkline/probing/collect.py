"""Collects the results of all agents: together, as often as it takes, and never all or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from attrs import field, frozen

from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import Answer, ProbeUnavailableError, fetch

AT_ONCE = 16
SKEW_WORTH_A_WORD = 60.0


@frozen
class Progress:
    """How far a collection is, in agents: `ready` ones have measured a whole sweep.

    `note` is something that the user should know, once.
    """

    total: int
    answering: int
    ready: int
    note: str | None = None


@frozen
class Collection:
    """The answers by zone (`site/zone`), and why the other agents gave none."""

    answers: Mapping[str, Answer]
    failures: Mapping[str, str]
    interrupted: bool = False

    @property
    def ready(self) -> bool:
        """Whether every agent answered and has measured a whole sweep."""
        return not self.failures and all(map(has_measured, self.answers.values()))


def has_measured(answer: Answer) -> bool:
    """Whether an agent has gone through a sweep, or will not any more."""
    return bool(answer.results["completed"] or answer.results["phase"] == "done")


def collect(
    zones: Sequence[ProbeAddress],
    key: bytes,
    *,
    wait_seconds: float = 0.0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Collection:
    """Ask every agent, and those that are not ready again until `wait_seconds` have passed.

    An agent that does not answer stands in `failures`. Ctrl-C ends it early: what was fetched until
    then is returned as `interrupted`. `report` is called from this thread.
    """
    round_ = _Round(key, len(zones), report)
    deadline = time.monotonic() + wait_seconds
    pause, interrupted = 0.25, False
    pool = ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        pending = round_.ask(pool, zones)
        while pending and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, 5.0)
            pending = round_.ask(pool, pending)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    unanswered = {zone.name: "was not asked" for zone in zones if zone.name not in round_.answers}
    return Collection(round_.answers, {**unanswered, **round_.failures}, interrupted)


@frozen
class _Round:
    """What a collection knows so far."""

    key: bytes
    total: int
    report: Callable[[Progress], None]
    answers: dict[str, Answer] = field(factory=dict)
    failures: dict[str, str] = field(factory=dict)
    skewed: set[str] = field(factory=set)

    def ask(self, pool: ThreadPoolExecutor, zones: Iterable[ProbeAddress]) -> list[ProbeAddress]:
        """Ask these agents at the same time; give back those that are not ready."""
        asked = {pool.submit(fetch, zone, self.key): zone for zone in zones}
        for future in as_completed(asked):
            self._note(asked[future], future.result)
        return [zone for zone in asked.values() if not self._is_ready(zone)]

    def _note(self, zone: ProbeAddress, result: Callable[[], Answer]) -> None:
        note = None
        try:
            answer = result()
            has_measured(answer)
        except Exception as error:  # one agent's fault must not cost the others' results
            if zone.name not in self.answers:
                self.failures[zone.name] = _reason(error)
        else:
            self.failures.pop(zone.name, None)
            self.answers[zone.name] = answer
            note = self._skew(zone, answer)
        ready = sum(map(has_measured, self.answers.values()))
        self.report(Progress(self.total, len(self.answers), ready, note))

    def _skew(self, zone: ProbeAddress, answer: Answer) -> str | None:
        if abs(answer.clock_ahead) < SKEW_WORTH_A_WORD or zone.name in self.skewed:
            return None
        self.skewed.add(zone.name)
        side = "ahead of" if answer.clock_ahead > 0 else "behind"
        how = "; asked once more with its time" if answer.resigned else ""
        minutes = abs(answer.clock_ahead) / 60
        return f"the clock of {zone.name} is {minutes:.0f} minutes {side} this one's{how}"

    def _is_ready(self, zone: ProbeAddress) -> bool:
        return zone.name in self.answers and has_measured(self.answers[zone.name])


def _reason(error: Exception) -> str:
    if isinstance(error, ProbeUnavailableError):
        return str(error)
    return f"gave an answer that makes no sense ({error!r}); deploy the probes again"
