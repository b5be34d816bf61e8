"""Every file of valid/ is a topology, every file of invalid/ gives exactly the findings it expects.

An expectation is a finding without its file name: `line:column: path: what is wrong; what to do`.
It stands in the file's first lines as `# expect: ...`, or, where a file can hold no comment, in
`<file>.expect` beside it. A new case is a new file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline.topology import Finding, check_file
from trunkline.topology.checks.placeholders import LEFT_IN

HERE = Path(__file__).parent
MARK = "# expect: "


def files(folder: str) -> list[Path]:
    return sorted(f for f in (HERE / folder).iterdir() if f.suffix in (".yaml", ".json"))


def expected(file: Path) -> list[str]:
    beside = file.with_name(f"{file.name}.expect")
    if beside.exists():
        return beside.read_text(encoding="utf-8").splitlines()
    lines = file.read_bytes().decode("utf-8", "replace").splitlines()
    return [line.removeprefix(MARK) for line in lines if line.startswith(MARK)]


def found(file: Path) -> tuple[bool, list[str]]:
    topology, findings = check_file(file)
    if not file.stem.startswith("warn-examples"):  # else each file would have to say it
        findings = [finding for finding in findings if not finding.message.endswith(LEFT_IN)]
    for finding in findings:
        assert_reads_as_problem_and_remedy(finding)
    return topology is not None, [str(f).removeprefix(f"{file}:") for f in findings]


def assert_reads_as_problem_and_remedy(finding: Finding) -> None:
    assert finding.message and finding.remedy
    assert ";" not in finding.message
    assert not finding.remedy.endswith(".")


@pytest.mark.parametrize("file", files("invalid"), ids=lambda file: file.name)
def test_invalid(file: Path) -> None:
    valid, findings = found(file)
    assert findings == expected(file)
    assert findings and not valid


@pytest.mark.parametrize("file", files("valid"), ids=lambda file: file.name)
def test_valid(file: Path) -> None:
    valid, findings = found(file)
    assert findings == expected(file)
    assert valid


@pytest.mark.parametrize("file", sorted((HERE.parents[1] / "topologies").glob("*.yaml")), ids=str)
def test_examples_are_valid_without_a_warning(file: Path) -> None:
    valid, findings = found(file)
    # Keys are made after the example, by whoever uses it.
    assert valid and [each for each in findings if "run trunkline keys" not in each] == []


def test_there_are_enough_cases() -> None:
    assert len(files("invalid")) >= 60
    assert len(files("valid")) >= 12
