"""Machines on this computer for tests, run as Terraform runs them: from a stack's folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psutil
from attrs import frozen

from support.loopback import free_port
from support.processes import ports_taken, processes_below
from trunkline.local import processes
from trunkline.local.machine import LocalMachine, LocalProcess
from trunkline.local.records import read_state

STATE = "../../../.trunkline/local/machines"


def sample(name: str = "web", port: int | None = None, **changes: Any) -> LocalMachine:
    """A machine of one sample service; `changes` are of the process."""
    at = port or free_port()
    config = {"site": "aws", "cloud": "local", "zone": "a", "address": "127.0.0.1", "port": at}
    program = files("trunkline.local").joinpath("sample.py").read_text()
    process: dict[str, Any] = {
        "name": "sample",
        "program": "python",
        "arguments": ("-I", "-S", "sample.py", "sample.json"),
        "files": {"sample.py": program, "sample.json": json.dumps(config)},
        "ready": f"http://127.0.0.1:{at}/healthz",
        **changes,
    }
    address = f"tcp 127.0.0.1:{at}"
    return LocalMachine(
        name=name, kind="sample", processes=(LocalProcess(**process),), addresses=(address,)
    )


def script(
    text: str, name: str = "web", seconds: float = 3, port: int | None = None
) -> LocalMachine:
    """A machine of one Python script, which has to listen on `port` of 127.0.0.1."""
    at = port or free_port()
    process = LocalProcess(
        name="script",
        program="python",
        arguments=("-I", "-S", "script.py"),
        files={"script.py": text.replace("PORT", str(at))},
        ready=f"tcp://127.0.0.1:{at}",
    )
    address = f"tcp 127.0.0.1:{at}"
    return LocalMachine(
        name=name, kind="sample", processes=(process,), addresses=(address,), start_seconds=seconds
    )


@frozen
class Stack:
    """A folder as CDKTF makes it, below `root`."""

    root: Path

    @property
    def below(self) -> Path:
        """The state folder."""
        return self.root / ".trunkline"

    def folder(self, name: str = "web") -> Path:
        return self.below / "local" / "machines" / name

    def command(self, action: str, name: str = "web") -> list[str]:
        return [sys.executable, "-m", "trunkline.local", action, f"{STATE}/{name}"]

    def environment(self, machine: LocalMachine | None = None, **more: str) -> dict[str, str]:
        text = {"TRUNKLINE_MACHINE": machine.to_json()} if machine else {}
        return {**os.environ, **text, **more}

    @property
    def cwd(self) -> Path:
        path = self.root / "cdktf.out" / "stacks" / "edge"
        path.mkdir(parents=True, exist_ok=True)
        return path

    def start(self, machine: LocalMachine, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("start", machine.name, machine, **environment)

    def stop(self, name: str = "web") -> subprocess.CompletedProcess[str]:
        return self.run("stop", name)

    def run(
        self,
        action: str,
        name: str = "web",
        machine: LocalMachine | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(action, name),
            cwd=self.cwd,
            env=self.environment(machine, **environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def popen(
        self, action: str, name: str = "web", machine: LocalMachine | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(action, name),
            cwd=self.cwd,
            env=self.environment(machine),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def supervisor(self, name: str = "web") -> psutil.Process:
        """The supervisor, which must run."""
        found = self.find_supervisor(name)
        assert found
        return found

    def process(self, name: str = "web") -> psutil.Process:
        """The first process, which must run."""
        found = self.find_process(name)
        assert found
        return found

    def find_supervisor(self, name: str = "web") -> psutil.Process | None:
        return processes.find_supervisor(read_state(self.folder(name)))

    def find_process(self, name: str = "web") -> psutil.Process | None:
        return next(iter(processes.find_supervised(read_state(self.folder(name)))), None)

    def restarts(self, name: str = "web") -> int:
        state = read_state(self.folder(name))
        assert state
        return sum(process["restarts"] for process in state["processes"].values())

    def assert_nothing_left(self, *machines: LocalMachine) -> None:
        """No process, no file below the state folder, no port."""
        assert processes_below(self.root) == {}
        assert not self.below.exists(), sorted(self.below.rglob("*"))
        assert ports_taken(a for machine in machines for a in machine.addresses) == []


@contextmanager
def stack(root: Path) -> Iterator[Stack]:
    """A stack, of which no process is left when the test ends, whatever happened."""
    try:
        yield Stack(root)
    finally:
        processes.end(processes.find_marked(str(root)), 1.0)
