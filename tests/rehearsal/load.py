"""wrk in the operator's place, and what comes of its requests.

A new connection is made for each request: when the routes change, the Workers are replaced with
another workerd, which Cloudflare's clients would not notice either.
"""

from __future__ import annotations

import itertools
import json
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rehearsal.operator import Operator

SCRIPT = Path(__file__).with_name("load.lua")
LONGEST_SECONDS, PATIENCE_SECONDS = 300, 60
_runs = itertools.count()


@dataclass
class Load:
    """What wrk has counted; it is there when the load has ended.

    `answered` with 200; the other `statuses`; `broken` without an answer; `slowest` is the longest
    time in seconds until an answer.
    """

    answered: int = 0
    statuses: str = ""
    broken: int = 0
    slowest: float = 0.0

    @property
    def lost(self) -> int:
        return len(self.statuses.split()) + self.broken

    def __str__(self) -> str:
        which = f" ({self.statuses.strip()})" if self.statuses else ""
        return f"{self.lost}{which} of {self.answered + self.lost}"


@contextmanager
def load(operator: Operator, method: str, urls: Sequence[str], at_once: int = 1) -> Iterator[Load]:
    """Send requests to all URLs of one host while the block runs, `at_once` to each."""
    counted = Load()
    threads, connections = f"-t{len(urls)}", f"-c{len(urls) * at_once}"
    times = (f"-d{LONGEST_SECONDS}s", f"--timeout={PATIENCE_SECONDS}s")
    paths = [urlsplit(url).path for url in urls]
    host = urls[0].removesuffix(paths[0])
    command = ["wrk", threads, connections, *times, "--script", str(SCRIPT)]
    words = [method, f"load{next(_runs)}", *paths]
    header = ("--header", "Connection: close")
    with operator.start(*command, *header, host, "--", *words) as process:
        try:
            yield counted
        finally:
            process.send_signal(signal.SIGINT)  # wrk ends, and says what it has counted
            printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    found = re.search(r"^counted (.*)$", printed, re.MULTILINE)
    assert found, f"{' '.join(command)}:\n{printed}"
    vars(counted).update(json.loads(found[1]))
    assert counted.answered, f"no answer to {method} {', '.join(urls)}"
