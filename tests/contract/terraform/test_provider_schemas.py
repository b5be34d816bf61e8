"""`make provider-schemas` renews the schemas that the provider doubles serve."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doubles.providers.plugin_mirror import SCHEMAS, provider_schemas

PRINTED = {
    "provider": {"version": 0, "block": {"attributes": {}, "description": "prose"}},
    "resource_schemas": {
        "aws_held": {
            "version": 1,
            "block": {
                "attributes": {
                    "description": {"type": "string", "optional": True, "description": "prose"}
                },
                "description_kind": "plain",
            },
        },
        "aws_new": {"version": 0, "block": {}},
    },
    "data_source_schemas": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one schema of an older version, and the program that renews it."""
    shutil.copy(SCHEMAS / "refresh.py", tmp_path)
    (tmp_path / "pins.json").write_text('{"hashicorp/aws": "6.25.0"}')
    held: dict[str, Any] = {
        "provider_schemas": {"hashicorp/aws": {"resource_schemas": {"aws_held": {}}}}
    }
    (tmp_path / "aws-5.0.0.json").write_text(json.dumps(held))
    return tmp_path


def refresh(folder: Path, terraform: str, *types: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a shell script in place of Terraform."""
    program = folder / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{terraform}\n")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, str(folder / "refresh.py"), *types],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


def printing(folder: Path) -> str:
    """A Terraform that prints the schema of one provider."""
    by_address = {"registry.terraform.io/hashicorp/aws": PRINTED}
    printed = folder / "printed.txt"
    printed.write_text(json.dumps({"format_version": "1.0", "provider_schemas": by_address}))
    return f'[ "$1" = init ] || cat "{printed}"'


def written(folder: Path) -> dict[str, Any]:
    """The schema as it stands in the folder now."""
    [path] = folder.glob("aws-*.json")
    assert path.name == "aws-6.25.0.json"
    held: dict[str, Any] = json.loads(path.read_text())["provider_schemas"]["hashicorp/aws"]
    return held


def test_held_types_are_renewed_and_only_prose_is_dropped(folder: Path) -> None:
    assert refresh(folder, printing(folder)).returncode == 0
    assert written(folder)["resource_schemas"] == {
        "aws_held": {
            "version": 1,
            "block": {"attributes": {"description": {"type": "string", "optional": True}}},
        }
    }


def test_a_named_type_is_added(folder: Path) -> None:
    assert refresh(folder, printing(folder), "aws_new").returncode == 0
    assert set(written(folder)["resource_schemas"]) == {"aws_held", "aws_new"}


def test_a_type_that_no_provider_has_is_an_error(folder: Path) -> None:
    done = refresh(folder, printing(folder), "aws_typo")
    assert (done.returncode, done.stderr.strip()) == (
        1,
        "no pinned provider has these types: aws_typo",
    )


def test_offline_the_schemas_stay_and_the_message_says_why(folder: Path) -> None:
    before = (folder / "aws-5.0.0.json").read_text()
    done = refresh(folder, "exit 1")
    assert done.returncode == 1
    assert "needs the internet" in done.stderr
    assert (folder / "aws-5.0.0.json").read_text() == before


def test_an_attribute_called_description_is_no_prose() -> None:
    schemas = provider_schemas()
    group = schemas["hashicorp/aws"]["resource_schemas"]["aws_security_group"]
    assert "description" in group["block"]["attributes"]
    rules = schemas["cloudflare/cloudflare"]["resource_schemas"]["cloudflare_ruleset"]
    nested = rules["block"]["attributes"]["rules"]["nested_type"]
    assert "description" in nested["attributes"]
