"""The text of programs for user data."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

# In ruff's format a docstring stands on lines of its own, and a comment too or two spaces behind
# code. A pattern takes 2 ms of a synthesis, Python's tokenizer 40; a test compares the programs.
_DOCUMENTATION = re.compile(
    r'^ *"""(?:[^"]|"(?!""))*"""$'  # a docstring
    r"|(?:^|  ) *# .*$"  # a comment
    r"|^#!.*$",
    re.MULTILINE,
)


@cache
def agent_source() -> str:
    """`agent.py` as machines get it."""
    text = files("trunkline.probing").joinpath("agent.py").read_text("utf-8")
    return without_documentation(text, "probing/agent.py")


def without_documentation(text: str, name: str) -> str:
    """A program without docstrings, comments and empty lines; its behaviour is the same.

    `name` says which one of trunkline's it is. AWS limits user data to 16 KB. Text is only cut out,
    so that the result has the same bytes on every Python: other bytes would replace machines.
    """
    kept = [line for line in _DOCUMENTATION.sub("", text).splitlines() if line.strip()]
    return "\n".join([f"# trunkline's {name}, without docstrings and comments", *kept, ""])
