"""The file of a load test: what was measured with what, round by round."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from trunkline.documents.document import Document
from trunkline.documents.findings import Finding, FindingsError, Problem
from trunkline.documents.json import parse_json
from trunkline.documents.schema import find_problems
from trunkline.documents.source import FileKind, UnreadableError, read_source
from trunkline.documents.write import write_whole

VERSION = 1
REPAIR = "measure again with trunkline bench, or take the whole file from where it was made"
RESULTS_FILE = FileKind("bench", max_bytes=16 * 1024 * 1024, remedy=REPAIR, repair=REPAIR)


class ResultsError(FindingsError):
    """A file of a load test that cannot be used; `findings` holds its mistakes."""


@frozen
class Settings:
    """How a load test is made.

    - `seconds`: how long each run of a tool takes.
    - `warmup_seconds`: how long a variant is asked before its first run.
    - `connections`: how many are open at once.
    - `rate`: the requests a second at which latency is measured.
    """

    seconds: int
    warmup_seconds: int
    connections: int
    rate: int


@frozen
class Run:
    """The figures of one run of a tool; wrk prints no p90 and no largest time of its own scale."""

    variant: str
    tool: str
    requests_per_second: float
    p50_ms: float
    p90_ms: float | None
    p99_ms: float
    max_ms: float | None
    errors: int


@frozen(kw_only=True)
class Results:
    """All that a file holds.

    - `topology`: the topology's name.
    - `vary`: what differs between the variants; `nothing` where there is one.
    - `route`: the prefix of the route that was asked.
    - `started_at`: when, in UTC.
    - `machine`: where the tools ran.
    - `tools`: their versions, by name.
    - `settings`: how it was measured.
    - `variants`: the URL of each variant, by name; the first is what others are compared with.
    - `complete`: whether all rounds were made that were to be.
    - `rounds`: the runs of each round, in their order.
    """

    topology: str
    vary: str
    route: str
    started_at: str
    machine: str
    tools: Mapping[str, str]
    settings: Settings
    variants: Mapping[str, str]
    complete: bool
    rounds: tuple[tuple[Run, ...], ...]

    def runs(self, variant: str, tool: str) -> list[Run | None]:
        """The run of each round, or None where the round has none."""
        return [
            next((run for run in runs if (run.variant, run.tool) == (variant, tool)), None)
            for runs in self.rounds
        ]

    def save(self, path: Path) -> None:
        """Write the file whole or not at all; raises OutputError."""
        data = {"version": VERSION, **asdict(self)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(data, indent=2) + "\n").encode())


def load_results(path: str | os.PathLike[str]) -> Results:
    """The results in a file; ResultsError with every finding where it is not a whole one."""
    try:
        document = parse_json(read_source(path, RESULTS_FILE))
    except UnreadableError as unreadable:
        raise ResultsError(unreadable.findings) from None
    if findings := _findings(document):
        raise ResultsError(findings)
    data = dict(document.data)
    del data["version"]
    data["settings"] = Settings(**data["settings"])
    data["rounds"] = tuple(tuple(Run(**run) for run in runs) for runs in data["rounds"])
    return Results(**data)


def this_machine() -> str:
    """The computer that the tools run on, as results name it."""
    about = (platform.node(), platform.system(), platform.machine(), f"{os.cpu_count()} processors")
    return ", ".join(filter(None, about))


def _findings(document: Document) -> Sequence[Finding]:
    problems = list(find_problems(document, "bench"))
    return [document.finding(each) for each in problems or _unknown_variants(document.data)]


def _unknown_variants(data: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(("rounds", round_, index, "variant"), "no variant has this name", REPAIR)
        for round_, runs in enumerate(data["rounds"])
        for index, run in enumerate(runs)
        if run["variant"] not in data["variants"]
    ]
