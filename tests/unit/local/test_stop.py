"""Ending what is left of a machine; the rest of stop is in tests/contract/local."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psutil
import pytest
from support.loopback import eventually

from trunkline.local import processes
from trunkline.local.create_time import create_time
from trunkline.local.layout import STATE
from trunkline.local.stop import end_processes


def write_state(folder: Path, process: psutil.Process) -> None:
    """The state of a machine with this process, whose supervisor was killed."""
    one = {"pid": process.pid, "create_time": create_time(process.pid), "since": 0, "restarts": 0}
    state = {
        "supervisor": {"pid": 0, "create_time": 0},
        "processes": {"web": {**one, "cause": "", "log_trouble": ""}},
    }
    (folder / STATE).write_text(json.dumps(state))


def test_descendants_are_ended_where_the_system_hides_their_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "find_marked", lambda folder: [])
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as shell:
        eventually(lambda: len(processes.find_tree(shell.pid)) == 2)
        tree = processes.find_tree(shell.pid)
        write_state(tmp_path, tree[0])
        end_processes(tmp_path)
        assert not any(map(processes.is_running, tree))
