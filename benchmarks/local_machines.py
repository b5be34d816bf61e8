"""Machines on this computer: how fast they start and end, and what they take."""

from __future__ import annotations

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import psutil

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.local import processes
from trunkline.local.machine import LocalMachine, LocalProcess
from trunkline.local.records import read_state
from trunkline.local.status import stop_all

COUNT = 16
AT_ONCE = 10  # as Terraform does by default
FIRST_PORT = 24_100
PIPELINED = 64  # requests in one write
ASKED = 100_000


def run(runs: int) -> Report:
    """Start and end 16 machines of one sample service each, as Terraform does."""
    taken = []
    for number in range(1, runs + 1):
        progress(f"starting and ending {COUNT} machines, run {number} of {runs}")
        with tempfile.TemporaryDirectory() as folder:
            taken.append(_measure(Path(folder)))
    wall, cpu, cpu_all, wall_stop, supervisor = (
        statistics.median(column) for column in zip(*taken, strict=True)
    )
    progress("asking a sample service")
    with tempfile.TemporaryDirectory() as folder:
        rate = _requests_per_second(Path(folder))
    return Report(
        f"Machines on this computer ({COUNT} of one process, {AT_ONCE} at once)",
        ("figure", "measured"),
        [
            ("all healthy after, s", wall),
            ("CPU of a start, s", cpu),
            ("the same, its supervisor and sample included, s", cpu_all),
            ("all ended after, s", wall_stop),
            ("a supervisor's memory (PSS), MB", supervisor),
            ("a sample's requests per second, one core", rate),
        ],
        [
            Target("start of 16 machines", wall, 5, " s"),
            Target("CPU of a start", cpu, 0.15, " s"),
            Target("supervisor's memory", supervisor, 8, " MB"),
            Target("sample's requests per second", rate, 8_000, at_least=True),
        ],
    )


def _machine(number: int) -> LocalMachine:
    port = FIRST_PORT + number
    config = {"site": "s", "cloud": "local", "zone": "z", "address": "127.0.0.1", "port": port}
    sample = LocalProcess(
        name="sample",
        program="python",
        arguments=("-I", "-S", "sample.py", "sample.json"),
        files={
            "sample.py": files("trunkline.local").joinpath("sample.py").read_text("utf-8"),
            "sample.json": json.dumps(config),
        },
        ready=f"http://127.0.0.1:{port}/healthz",
    )
    addresses = (f"tcp 127.0.0.1:{port}",)
    return LocalMachine(name=f"m{number}", kind="sample", processes=(sample,), addresses=addresses)


def _measure(folder: Path) -> tuple[float, float, float, float, float]:
    """Seconds until all are healthy, CPU seconds of a start alone and with what it starts,
    seconds until all have ended, a supervisor's memory in MB."""
    root = folder / ".trunkline"
    machines = [_machine(number) for number in range(COUNT)]
    paths = [root / machine.name for machine in machines]
    texts = [machine.to_json() for machine in machines]
    try:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = _run_all("start", paths, texts)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        states = [read_state(path) for path in paths]
        supervisors = [each for state in states if (each := processes.find_supervisor(state))]
        others = [each for state in states for each in processes.find_supervised(state)]
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        started = sum(map(_cpu, [*supervisors, *others]))
        memory = statistics.mean(map(processes.memory_mb, supervisors))
        wall_stop = _run_all("stop", paths, texts)
        cpu_all = (cpu + started) / COUNT
        return wall, cpu / COUNT, cpu_all, wall_stop, memory
    finally:
        if root.exists():
            stop_all(root)


def _run_all(action: str, paths: Sequence[Path], texts: Sequence[str]) -> float:
    """Run the command for each machine, so many at once; the seconds it took."""
    began = time.perf_counter()
    waiting = list(zip(paths, texts, strict=True))
    running: list[subprocess.Popen[bytes]] = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            path, text = waiting.pop()
            command = [sys.executable, "-m", "trunkline.local", action, str(path)]
            environment = {**os.environ, "TRUNKLINE_MACHINE": text}
            running.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
        running = [process for process in running if process.poll() is None]
        time.sleep(0.005)
    return time.perf_counter() - began


def _cpu(process: psutil.Process) -> float:
    """The CPU seconds of a process so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _requests_per_second(folder: Path) -> float:
    """How many pipelined requests a second one sample service answers, per second of its CPU."""
    path, machine = folder / ".trunkline" / "m0", _machine(0)
    try:
        _run_all("start", [path], [machine.to_json()])
        [sample] = processes.find_supervised(read_state(path))
        before = _cpu(sample)
        _ask(FIRST_PORT)
        return ASKED / (_cpu(sample) - before)
    finally:
        stop_all(path.parent)


def _ask(port: int) -> None:
    request = b"GET /api/v5 HTTP/1.1\r\nhost: localhost\r\n\r\n" * PIPELINED
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(ASKED // PIPELINED):
            connection.sendall(request)
            answers = b""
            while answers.count(b"}\n") < PIPELINED:
                answers += connection.recv(65_536)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
