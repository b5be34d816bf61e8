"""checkov passes every stack, but for the checks that exceptions.json names with a reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from support.examples import ROOT, TOPOLOGIES, Synthesized

CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"
EXCEPTIONS = json.loads(Path(__file__).with_name("exceptions.json").read_text())


@pytest.fixture(scope="module")
def failed(
    synthesized: Synthesized, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, set[str]]:
    """The failed checks of all stacks: check id to resources."""
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed; run: make .tools/checkov/ready")
    folder = tmp_path_factory.mktemp("stacks")
    for file in TOPOLOGIES:
        shutil.copytree(synthesized(file), folder / file.stem)
    report = _run(folder)
    assert report["summary"]["passed"] > 500
    assert report["summary"]["parsing_errors"] == 0
    found = defaultdict(set)
    for check in report["results"]["failed_checks"]:
        found[check["check_id"]].add(f"{check['file_path']}: {check['check_name']}")
    return found


@pytest.mark.slow
def test_every_failed_check_is_named_and_reasoned(failed: dict[str, set[str]]) -> None:
    assert {check: places for check, places in failed.items() if check not in EXCEPTIONS} == {}


@pytest.mark.slow
def test_no_exception_is_left_over(failed: dict[str, set[str]]) -> None:
    assert set(EXCEPTIONS) - set(failed) == set()


def _run(folder: Path) -> dict[str, dict[str, Any]]:
    command = [str(CHECKOV), "-d", str(folder), "--framework", "terraform_json", "--skip-download"]
    done = subprocess.run(
        [*command, "-o", "json", "--quiet", "--compact"], capture_output=True, text=True
    )
    report: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return report
