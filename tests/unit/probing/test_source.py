"""The source text of the agent in user data."""

from __future__ import annotations

import ast
import gzip
import io
import json
import sys
import tokenize
from importlib.resources import files

from trunkline.probing.source import agent_source

USER_DATA = 16 * 1024
"""The limit of AWS for all user data, which is compressed as a whole."""


def test_it_leaves_room_for_the_rest_of_the_user_data() -> None:
    peers = [
        {"site": "google-production", "zone": f"us-east4-{number}", "host": f"{number}.example.com"}
        for number in range(24)
    ]
    packed = gzip.compress((agent_source() + json.dumps(peers)).encode(), 9)
    assert len(packed) < 10 * 1024 < USER_DATA


def test_it_is_the_same_program_without_docstrings_and_comments() -> None:
    agent = ast.parse(files("trunkline.probing").joinpath("agent.py").read_text("utf-8"))
    for node in ast.walk(agent):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            node.body = node.body[ast.get_docstring(node) is not None :]
    assert ast.dump(ast.parse(agent_source())) == ast.dump(agent)
    tokens = tokenize.generate_tokens(io.StringIO(agent_source()).readline)
    assert [token.start[0] for token in tokens if token.type == tokenize.COMMENT] == [1]


def test_it_imports_only_the_standard_library() -> None:
    imports = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(agent_source()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert {str(name).split(".")[0] for name in imports} <= sys.stdlib_module_names
