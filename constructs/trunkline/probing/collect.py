"""Collects the results of all agents at the same time, also if some do not respond."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from attrs import field, frozen

from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import AgentResults, ProbeUnavailableError, fetch

AT_ONCE = 16
REPORTED_SKEW = 60.0


@frozen
class CollectionProgress:
    """How many agents a collection has, how many have responded, and how many are ready.

    An agent is ready if it has measured a whole sweep. `note` is a message for the user.
    """

    total: int
    responding: int
    ready: int
    note: str | None = None


@frozen
class Collection:
    """The results by zone (`site/zone`), and why there are none of the other agents."""

    results: Mapping[str, AgentResults]
    failures: Mapping[str, str]
    interrupted: bool = False

    @property
    def ready(self) -> bool:
        """Whether every agent responded and has measured a whole sweep."""
        return not self.failures and all(map(has_measured, self.results.values()))


def has_measured(results: AgentResults) -> bool:
    """Whether an agent has completed a sweep, or has ended without one."""
    return bool(results.content["completed"] or results.content["phase"] == "done")


def collect(
    zones: Sequence[ProbeAddress],
    key: bytes,
    *,
    wait_seconds: float = 0.0,
    report: Callable[[CollectionProgress], None] = lambda progress: None,
) -> Collection:
    """Fetch from every agent, and again from those that are not ready, for up to `wait_seconds`.

    `failures` names the agents that did not respond. Ctrl-C ends the collection early: the result
    holds what was fetched until then, as `interrupted`. `report` is called from this thread.
    """
    state = _State(key, len(zones), report)
    deadline = time.monotonic() + wait_seconds
    pause, interrupted = 0.25, False
    pool = ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        pending = state.fetch(pool, zones)
        while pending and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, 5.0)
            pending = state.fetch(pool, pending)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    rest = {zone.name: "was not asked" for zone in zones if zone.name not in state.results}
    return Collection(state.results, {**rest, **state.failures}, interrupted)


@frozen
class _State:
    """The results and failures of a collection so far."""

    key: bytes
    total: int
    report: Callable[[CollectionProgress], None]
    results: dict[str, AgentResults] = field(factory=dict)
    failures: dict[str, str] = field(factory=dict)
    skewed: set[str] = field(factory=set)

    def fetch(self, pool: ThreadPoolExecutor, zones: Iterable[ProbeAddress]) -> list[ProbeAddress]:
        """Fetch from these agents at the same time, and return those that are not ready."""
        futures = {pool.submit(fetch, zone, self.key): zone for zone in zones}
        for future in as_completed(futures):
            self._record(futures[future], future.result)
        return [zone for zone in futures.values() if not self._is_ready(zone)]

    def _record(self, zone: ProbeAddress, result: Callable[[], AgentResults]) -> None:
        note = None
        try:
            results = result()
            has_measured(results)
        except Exception as error:  # the fault of one agent must not lose the others' results
            if zone.name not in self.results:
                self.failures[zone.name] = _reason(error)
        else:
            self.failures.pop(zone.name, None)
            self.results[zone.name] = results
            note = self._skew(zone, results)
        ready = sum(map(has_measured, self.results.values()))
        self.report(CollectionProgress(self.total, len(self.results), ready, note))

    def _skew(self, zone: ProbeAddress, results: AgentResults) -> str | None:
        """A note about a clock that is off, once for each agent."""
        if abs(results.clock_ahead) < REPORTED_SKEW or zone.name in self.skewed:
            return None
        self.skewed.add(zone.name)
        side = "ahead of" if results.clock_ahead > 0 else "behind"
        how = "; the request was signed again with its time" if results.resigned else ""
        minutes = abs(results.clock_ahead) / 60
        return f"the clock of {zone.name} is {minutes:.0f} minutes {side} this one's{how}"

    def _is_ready(self, zone: ProbeAddress) -> bool:
        return zone.name in self.results and has_measured(self.results[zone.name])


def _reason(error: Exception) -> str:
    if isinstance(error, ProbeUnavailableError):
        return str(error)
    return f"gave a response that is not valid ({error!r}); deploy the probes again"
