"""The page of the command line: every command with its arguments, options and exit codes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

from scripts.reference.docstring import one_line
from scripts.reference.markdown import code, link, one_of, page, prose, table

_KINDS = {float: "a number", int: "a whole number", Path: "a path", str: "text"}


def cli_page(program: Any, name: str) -> str:
    """Every command of a Typer program."""
    parts = [part for each in _commands(program, name) for part in _command(*each)]
    return page("The command line", *parts)


def _commands(command: Any, name: str) -> Iterator[tuple[Any, str]]:
    """The command and all below it, each with the words that call it."""
    yield command, name
    for word, each in getattr(command, "commands", {}).items():
        yield from _commands(each, f"{name} {word}")


def _command(command: Any, name: str) -> Iterator[str]:
    parameters = [each for each in command.params if not each.hidden]
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    options = [each for each in parameters if each.param_type_name == "option"]
    words = [name, "[OPTIONS]" if options else "", *map(_in_usage, arguments)]
    yield f"## {name}"
    yield f"```\n{' '.join(filter(None, words))}\n```"
    for paragraph in inspect.cleandoc(command.help).split("\n\n"):
        yield _paragraph(paragraph)
    types = get_type_hints(command.callback) if parameters else {}
    # Typer's own options, for completion, are flags.
    rows = [_row(each, types.get(each.name, bool)) for each in (*arguments, *options)]
    yield table(("argument or option", "value", "default", "meaning"), rows)
    inner = getattr(command, "commands", {}).items()
    commands = [(link(f"{name} {word}"), _first_sentence(each)) for word, each in inner]
    yield table(("command", "what it does"), commands)


def _paragraph(text: str) -> str:
    """Prose; or lines as they are, which a backspace alone in a line marks, as in click's help."""
    mark, _, lines = text.partition("\n")
    return f"```sh\n{lines}\n```" if mark == "\b" else prose(one_line(text))


def _first_sentence(command: Any) -> str:
    return prose(one_line(inspect.cleandoc(command.help).split("\n\n")[0]))


def _in_usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    repeated = "..." if argument.nargs == -1 and not name.endswith("...") else ""
    return f"{name}{repeated}" if argument.required else f"[{name}]{repeated}"


def _row(parameter: Any, hint: Any) -> tuple[str, ...]:
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        names = [parameter.metavar or parameter.name.upper()]
    return (
        ", ".join(map(code, names)),
        _value(hint, parameter),
        _default(parameter),
        prose(parameter.help),
    )


def _value(hint: Any, parameter: Any) -> str:
    """What fits."""
    kind = _kind(hint)
    if kind is bool:
        return "a flag"
    if issubclass(kind, Enum):
        return one_of(code(each.value) for each in kind)
    least, most = parameter.min, parameter.max
    if least is not None and most is not None:
        return f"{_KINDS[kind]}, {least} to {most}"
    return f"{_KINDS[kind]}, at least {least}" if least is not None else _KINDS[kind]


def _kind(hint: Any) -> type:
    """The type of one value: `str` for `list[str] | None`."""
    inner = [each for each in get_args(hint) if each is not type(None)]
    return _kind(inner[0]) if inner else hint


def _default(parameter: Any) -> str:
    if parameter.required:
        return "**required**"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = getattr(parameter.default, "value", parameter.default)
    return "" if value is None or value is False else code(str(value))
