"""The source text of the agent in user data."""

from __future__ import annotations

import ast
import gzip
import json
import sys

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


def test_it_has_no_docstrings() -> None:
    tree = ast.parse(agent_source())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            assert ast.get_docstring(node) is None


def test_it_imports_only_the_standard_library() -> None:
    imports = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(agent_source()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert {str(name).split(".")[0] for name in imports} <= sys.stdlib_module_names
