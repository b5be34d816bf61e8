"""Runs wrk for capacity and autocannon at a fixed rate for latency, as `trunkline bench` does."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from attrs import frozen

from trunkline.bench.load import LoadError, find_autocannon, node, read_wrk, run_tool
from trunkline.bench.results import Run, Settings

LATENCY, CAPACITY = "autocannon", "wrk"
_GRACE = 30.0  # seconds that a tool may take beyond its test
_SCRIPT = Path(__file__).with_name("fixed_rate.js")


@frozen
class Variant:
    """What is measured: a URL, and the headers of each request, which may be secret."""

    name: str
    url: str
    headers: Mapping[str, str]


class LoadDriver(Protocol):
    """Measures variants; `versions` has the tools' versions by name."""

    @property
    def versions(self) -> Mapping[str, str]: ...

    def warm_up(self, variant: Variant) -> None: ...

    def measure(self, variant: Variant) -> Sequence[Run]: ...


@frozen
class Tools:
    """The real tools with the settings of a load test.

    - `wrk`: the program.
    - `autocannon`: its script in a folder node_modules.
    - `settings`: how long, how many connections, at which rate.
    - `versions`: the versions of both, by name.
    """

    wrk: str
    autocannon: Path
    settings: Settings
    versions: Mapping[str, str]

    @staticmethod
    def find(settings: Settings) -> Tools:
        """The installed tools; LoadError names each that is missing, and how to get it."""
        wrk, script = shutil.which(CAPACITY), find_autocannon()
        missing = [] if wrk else ["wrk is not on PATH (Debian and Ubuntu: apt-get install wrk)"]
        if not script:
            missing.append(
                "autocannon is in no node_modules here or above (npm install autocannon)"
            )
        if wrk is None or script is None:
            raise LoadError("nothing was measured: " + "; ".join(missing))
        versions = {CAPACITY: _wrk_version(wrk), LATENCY: _autocannon_version(script)}
        return Tools(wrk, script, settings, versions)

    def warm_up(self, variant: Variant) -> None:
        """Open the paths to a variant, and let caches fill; LoadError where it does not answer."""
        if self.settings.warmup_seconds:
            self._latency(variant, self.settings.warmup_seconds)

    def measure(self, variant: Variant) -> Sequence[Run]:
        """A run of each tool, one after the other; LoadError where one gives no figures."""
        return self._latency(variant, self.settings.seconds), self._capacity(variant)

    def _latency(self, variant: Variant, seconds: int) -> Run:
        settings = self.settings
        options = {
            "url": variant.url,
            "headers": dict(variant.headers),
            "connections": settings.connections,
            "overallRate": settings.rate,
            "duration": seconds,
        }
        command = [node(), str(_SCRIPT), str(self.autocannon)]
        printed = run_tool(command, seconds + _GRACE, json.dumps(options))
        try:
            data = json.loads(printed)
            raw = [float(each) for each in data["milliseconds"]]
            errors = int(data["errors"]) + int(data["non2xx"])
        except (ValueError, KeyError, TypeError) as error:
            raise LoadError(_unknown(LATENCY, f"{error!r}")) from error
        if not raw:
            raise LoadError(f"{variant.url} has answered no request with 2xx: {errors} errors")
        times = sorted(corrected(raw, 1000 * settings.connections / settings.rate))
        p50, p90, p99, most = (percentile(times, part) for part in (50, 90, 99, 100))
        return Run(variant.name, LATENCY, len(raw) / seconds, p50, p90, p99, most, errors)

    def _capacity(self, variant: Variant) -> Run:
        settings = self.settings
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:  # only this user reads it
            script.writelines(
                f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n"
                for name, value in variant.headers.items()
            )
            script.flush()
            size = ["-t1", f"-c{settings.connections}", f"-d{settings.seconds}s", "--latency"]
            command = [self.wrk, *size, "-s", script.name, variant.url]
            output = run_tool(command, settings.seconds + _GRACE)
        load = read_wrk(output)
        return Run(
            variant.name, CAPACITY, load.requests_per_second, load.p50_ms, None, load.p99_ms, None,
            load.errors,
        )  # fmt: skip


def corrected(times: Sequence[float], every: float) -> list[float]:
    """The times of answers, and of the requests that had to wait for a late one to be sent.

    Each connection is to send a request `every` so many milliseconds. An answer that takes longer
    holds up those that follow: they count as sent when they were due.
    https://github.com/HdrHistogram/HdrHistogram#corrected-vs-raw-value-recording-calls
    """
    held = []
    for time in times:
        while (time := time - every) > 0:
            held.append(time)
    return [*times, *held]


def percentile(times: Sequence[float], part: float) -> float:
    """The time within which so many of a hundred lie; `times` are in order."""
    return times[max(math.ceil(len(times) * part / 100) - 1, 0)]


def _wrk_version(program: str) -> str:
    # It prints its version and the usage, and ends with 1.
    done = subprocess.run([program, "-v"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    found = re.match(r"wrk (\S+)", done.stdout + done.stderr)
    if found is None:
        raise LoadError(_unknown(program, "it does not print its version"))
    return found[1]


def _autocannon_version(script: Path) -> str:
    try:
        return str(json.loads(script.with_name("package.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(_unknown(str(script), "its package.json names no version")) from error


def _unknown(tool: str, why: str) -> str:
    return f"the output of {tool} is not understood ({why}): install a version that is supported"
