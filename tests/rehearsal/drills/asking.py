"""How drills ask while something happens, and what they make of the answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rehearsal.operator import Answer
from rehearsal.stage import Stage
from trunkline.model import Route, Topology


@contextmanager
def requests(stage: Stage, url: str) -> Iterator[list[Answer]]:
    """Ask a URL again and again while the block runs; the list holds the answers."""
    answers: list[Answer] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.1):
            answers.append(stage.operator.get(url))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join()


def lost(answers: Sequence[Answer]) -> str:
    """How many of the requests got another status than 200."""
    count = sum(answer.status != 200 for answer in answers)
    return f"{count} of {len(answers)} requests lost"


def with_failover(topology: Topology) -> Route | None:
    """The first route for which another site stands in."""
    return next((route for route in topology.routing.routes if route.failover), None)
