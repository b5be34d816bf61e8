"""Terraform over the stacks of a folder, several at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import field, frozen

from trunkline.errors import TerraformError
from trunkline.terraform.signals import defer_signals

# What a run may ask of a terminal, or of the network, that nobody is there to answer.
QUIET = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}
AT_ONCE = 2  # each takes 50 MB
SHOWN_LINES = 12
# What trunkline.local says through Terraform, and what of it is no failure.
_SAID = re.compile(r"\(local-exec\): (?!Executing: )(.+)")
_DONE = re.compile(r" is up after | runs already")

OLDEST = (1, 10)  # lock files beside the state in S3 came with it
_REMEDY = (
    f"install Terraform {'.'.join(map(str, OLDEST))} or newer: "
    "https://developer.hashicorp.com/terraform/install"
)

Done = Callable[[str], None]


@frozen
class Terraform:
    """Runs Terraform in the folders of stacks; `env` is added to the `inherited` environment.

    Every command runs in a session of its own, so that a Ctrl-C reaches this process alone, which
    then decides what becomes of them.
    """

    env: Mapping[str, str] = field(factory=dict)
    program: str = field(factory=lambda: find_terraform())
    inherited: Mapping[str, str] = field(factory=lambda: dict(os.environ))
    _running: dict[int, subprocess.Popen[str]] = field(factory=dict, init=False, eq=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, eq=False)
    _stopping: threading.Event = field(factory=threading.Event, init=False, eq=False)

    def apply(self, folders: Sequence[Path], done: Done = lambda _: None) -> None:
        """Bring up every stack; `done` hears each name. TerraformError names all that failed."""
        self._each(folders, self._apply, done)

    def destroy(self, folders: Sequence[Path], done: Done = lambda _: None) -> None:
        """Take down every stack that was ever initialized."""
        self._each(list(filter(self._is_initialized, folders)), self._destroy, done)

    def output(self, folder: Path, name: str) -> Any:
        """The value of an output of a stack that is applied; TerraformError where it is not."""
        if not self._is_initialized(folder):
            raise TerraformError(f"{folder.name} is not applied: it was never initialized here")
        # All of them: asked for a missing one, Terraform fails as it does for any other cause.
        done = subprocess.run(
            [self.program, "output", "-no-color", "-json"],
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise TerraformError(f"terraform output failed for {folder.name}:\n{_end(done.stderr)}")
        outputs = json.loads(done.stdout)
        if name not in outputs:
            raise TerraformError(f"{folder.name} is not applied: it has no output {name}")
        return outputs[name]["value"]

    def interrupt(self) -> None:
        """Ask the running commands to end, and wait until they have; Terraform saves its state.

        No other command begins after it.
        """
        with self._lock:
            self._stopping.set()
            running = list(self._running.values())
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in running:
            process.wait()
            # A command of a provisioner may outlive the Terraform that started it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _apply(self, folder: Path) -> None:
        self._run(folder, "init", "-backend=true")
        self._run(folder, "apply", "-auto-approve")

    def _destroy(self, folder: Path) -> None:
        # A run that was cut off leaves its lock behind, and nobody else works in this folder.
        self._run(folder, "destroy", "-auto-approve", "-lock=false")

    def _each(self, folders: Sequence[Path], step: Callable[[Path], None], done: Done) -> None:
        failures = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            steps = {pool.submit(step, folder): folder for folder in folders}
            try:
                for future in as_completed(steps):
                    if (error := future.exception()) is None:
                        done(steps[future].name)
                    elif isinstance(error, TerraformError):
                        failures.append(str(error))
                    else:
                        raise error
            except BaseException:
                with defer_signals():  # or another Ctrl-C would leave them running
                    pool.shutdown(wait=False, cancel_futures=True)
                    self.interrupt()
                    pool.shutdown(wait=True)
                raise
        if failures:
            raise TerraformError("\n".join(failures))

    def _run(self, folder: Path, command: str, *options: str) -> None:
        process = self._start(folder, [command, "-no-color", "-input=false", *options])
        try:
            output, _ = process.communicate()
        finally:
            self._running.pop(process.pid, None)
        if process.returncode:
            raise TerraformError(f"terraform {command} failed for {folder.name}:\n{_end(output)}")

    def _start(self, folder: Path, arguments: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopping.is_set():
                raise TerraformError(f"terraform {arguments[0]} was not begun for {folder.name}")
            process = subprocess.Popen(
                [self.program, *arguments],
                cwd=folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._running[process.pid] = process
            return process

    def _environment(self) -> Mapping[str, str]:
        return {**self.inherited, **QUIET, **self.env}

    def _is_initialized(self, folder: Path) -> bool:
        return (folder / self.inherited.get("TF_DATA_DIR", ".terraform")).exists()


def without_terraform_options() -> dict[str, str]:
    """This process's environment without what a user set for Terraform runs of their own."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("TF_DATA_DIR", "TF_WORKSPACE") and not name.startswith("TF_CLI_ARGS")
    }


def find_terraform() -> str:
    """The path of Terraform; TerraformError says where to get it."""
    found = shutil.which("terraform")
    if found is None:
        raise TerraformError(f"terraform is not on PATH; {_REMEDY}")
    return found


def check_version(program: str) -> None:
    """Raise TerraformError where a Terraform is older than OLDEST."""
    done = subprocess.run(
        [program, "version", "-json"],
        env=QUIET,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if (found := _version(done.stdout)) < OLDEST:
        version = _dotted(found) or "unknown"
        raise TerraformError(f"terraform has the version {version}; {_REMEDY}")


def _version(printed: str) -> tuple[int, ...]:
    """The version in what `terraform version -json` prints; empty where there is none."""
    try:
        text = json.loads(printed)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(map(int, re.findall(r"\d+", str(text).split("-")[0])))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _end(output: str) -> str:
    """What a provisioner's command said went wrong, else Terraform's own last lines."""
    said = [match[1] for match in _SAID.finditer(output) if not _DONE.search(match[1])]
    if said:
        return "\n".join(f"  {line}" for line in said[-SHOWN_LINES:])
    lines = [line.strip("│╷╵ ").rstrip() for line in output.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in lines if line][-SHOWN_LINES:])
