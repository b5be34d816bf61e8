from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from support.command import trunkline

from trunkline.cli.app import app


def commands(command: Any) -> Iterator[Any]:
    inner = getattr(command, "commands", {}).values()
    yield from (each for one in inner for each in commands(one))
    if not inner:
        yield command


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_with_exit_codes_of_its_own_names_them(command: Any) -> None:
    if "typer.Exit(" in inspect.getsource(command.callback):
        assert "\n\nExit codes: 0 " in inspect.cleandoc(command.help)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_argument_and_option_has_a_help_text(command: Any) -> None:
    assert [each.name for each in command.params if not each.help] == []


@pytest.mark.parametrize("command", [(), ("validate",), ("local", "status")])
def test_a_short_option_shows_the_help_as_well(command: tuple[str, ...]) -> None:
    short, long = trunkline(*command, "-h"), trunkline(*command, "--help")
    assert short == long
    assert short.returncode == 0
    assert short.stdout.startswith("Usage: trunkline")


@pytest.mark.parametrize("command", [(), ("local",), ("measurements",)])
@pytest.mark.parametrize("columns", ["60", "80"])
def test_no_summary_of_a_command_is_cut(command: tuple[str, ...], columns: str) -> None:
    assert (
        "..."
        not in trunkline(*command, "--help", env={"COLUMNS": columns}).stdout.partition(
            "\nCommands:\n"
        )[2]
    )
