"""Commands that are imported when they are run: all of them take twice as long to import."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from attrs import frozen
from typer.core import TyperGroup


@frozen
class LazyCommand:
    """Where a command is, and its summary in the list of commands.

    - `module`: below `trunkline.cli`.
    - `name`: the function there, or the group of commands.
    - `summary`: short enough for a list of commands on 60 columns.
    """

    module: str
    name: str
    summary: str

    def load(self, name: str) -> Any:
        """The command or group, under the name `name`."""
        found = getattr(import_module(f"trunkline.cli.{self.module}"), self.name)
        group = isinstance(found, typer.Typer)
        command: Any = typer.main.get_group(found) if group else _alone(found)
        command.name, command.short_help = name, self.summary
        return command


def _alone(function: Callable[..., None]) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(function)
    return typer.main.get_command(app)


class LazyCommands(Mapping[str, Any]):
    """The commands by name; each is imported when it is asked for."""

    def __init__(self, commands: Mapping[str, LazyCommand]) -> None:
        self._commands = commands
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._commands[name].load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


def lazy_group(commands: Mapping[str, LazyCommand]) -> type[TyperGroup]:
    """The class of a group that has these commands."""

    class LazyGroup(TyperGroup):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "commands": {}})
            self.commands: Any = LazyCommands(commands)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(commands)

    return LazyGroup
