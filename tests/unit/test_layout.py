"""Rules about the layout of the package."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections import Counter

import pytest
from support.examples import ROOT

import trunkline


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_our_folder_does_not_hide_the_package_constructs() -> None:
    assert not (ROOT / "constructs" / "__init__.py").exists()
    assert not (ROOT / "tests" / "constructs" / "__init__.py").exists()
    # With -c the current folder stands first on the path.
    assert run("from constructs import Construct; print(Construct.__module__)") == "constructs"


@pytest.mark.parametrize("module", ["trunkline", "trunkline.topology", "trunkline.cli"])
def test_reading_a_topology_does_not_load_the_framework(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('cdktf', 'jsii') if m in sys.modules])"
    assert run(code) == "[]"


def test_the_public_names_are_sorted_and_there() -> None:
    assert trunkline.__all__ == sorted(trunkline.__all__)
    assert all(getattr(trunkline, name).__doc__ for name in trunkline.__all__)
    with pytest.raises(AttributeError, match="no attribute 'EdgeProxi'"):
        trunkline.EdgeProxi  # noqa: B018


def test_a_public_class_name_has_one_meaning() -> None:
    package = ROOT / "constructs" / "trunkline"
    names = Counter(
        node.name
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} == set()


def test_lock_files_name_no_index_and_no_download_address() -> None:
    lock = json.loads((ROOT / "Pipfile.lock").read_text())
    assert lock["_meta"]["sources"] == []
    assert not any("index" in package for package in lock["default"].values())
    assert not any("index" in package for package in lock["develop"].values())
    assert "[[source]]" not in (ROOT / "Pipfile").read_text().replace("# No [[source]]", "")
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_the_pins_of_the_bindings_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = json.loads((ROOT / "Pipfile.lock").read_text())["default"]
    extras = [pin for pins in project["optional-dependencies"].values() for pin in pins]
    assert {pin for pin in [*project["dependencies"], *extras] if pin.startswith("cdktf")} == {
        f"{name}{package['version']}" for name, package in lock.items() if "cdktf" in name
    }
