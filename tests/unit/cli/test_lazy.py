"""Commands are imported when they are run, and all of them are there."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from trunkline.cli.app import COMMANDS, app


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_under_its_name_with_its_summary(name: str) -> None:
    command = typer.main.get_group(app).commands[name]
    assert (command.name, command.short_help) == (name, COMMANDS[name].summary)
    assert command.help


def test_a_command_that_is_not_there_is_not_found() -> None:
    commands = typer.main.get_group(app).commands
    assert "absent" not in commands
    assert len(commands) == len(COMMANDS)


def test_the_start_imports_no_command() -> None:
    script = "import sys, trunkline.cli.app; print(*(m for m in sys.modules if 'trunkline' in m))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.removeprefix("trunkline.cli.") for name in done.stdout.split()}
    assert loaded.isdisjoint(command.module for command in COMMANDS.values())
    assert "trunkline.topology" not in loaded
