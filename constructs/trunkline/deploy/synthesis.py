"""Synthesizes a topology in another process: the framework's Node would stay in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from trunkline.errors import OutputError
from trunkline.terraform.signals import hold_signals


def synthesize_apart(file: Path, output: Path) -> None:
    """Write the stacks of a topology file; OutputError with what `trunkline synth` says."""
    command = [sys.executable, "-m", "trunkline", "synth", str(file), "--output", str(output)]
    process = None
    try:
        with hold_signals():
            process = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        _, errors = process.communicate()
    except BaseException:
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its Node too; it writes whole files only
            process.wait()
        raise
    if process.returncode:
        raise OutputError(errors.strip())
