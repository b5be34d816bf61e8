"""The command `trunkline`, run in this process: what is slow about a command is Python's start."""

from __future__ import annotations

import io
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from support.examples import ROOT
from trunkline.cli import main

# What a variable is set to; None where it is not set.
Environment = Mapping[str, str | None]
NOTHING: Environment = {}


@frozen
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


class _Stream(io.TextIOWrapper):
    """Keeps what is printed; `terminal` is what `isatty` says."""

    def __init__(self, encoding: str, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding, write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.seek(0)
        return self.read()


def trunkline(
    *arguments: object,
    folder: Path = ROOT,
    encoding: str = "utf-8",
    terminal: bool = False,
    env: Environment = NOTHING,
) -> Done:
    """Run `trunkline` in `folder`."""
    streams = (_Stream(encoding, terminal), _Stream(encoding, terminal))
    return _run(main, ["trunkline", *map(str, arguments)], folder, env, streams)


def main_py(folder: Path, env: Environment = NOTHING) -> Done:
    """Run the CDKTF app in `folder`, as `cdktf synth` does."""
    app = str(ROOT / "main.py")
    streams = (_Stream("utf-8", False), _Stream("utf-8", False))
    return _run(lambda: runpy.run_path(app, run_name="__main__"), [app], folder, env, streams)


def _run(
    command: Callable[[], object],
    arguments: list[str],
    folder: Path,
    env: Environment,
    streams: tuple[_Stream, _Stream],
) -> Done:
    out, err = streams
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", arguments)
        patch.setattr(sys, "path", [*sys.path])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        for name, value in env.items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        code = _exit_code(command)
    return Done(code, out.text(), err.text())


def _exit_code(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
