"""A machine without the tools says so before the tests begin, and each skip says the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import needs
from support.examples import ROOT


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any of the tools."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(needs.AWS_PROVIDER_FOLDER, raising=False)


@pytest.mark.usefixtures("bare")
def test_it_names_what_is_skipped_and_the_one_line_that_installs_it() -> None:
    lines = needs.report().splitlines()
    assert "  cloud-init: user data held against cloud-init's own schema" in lines
    [line] = [line for line in lines if "apt-get" in line]
    assert {"cloud-init", "mmdebstrap", "systemd-container"} <= set(line.split())
    assert any(needs.AWS_PROVIDER_FOLDER in line for line in lines)


@pytest.mark.usefixtures("bare")
def test_a_skip_names_all_that_is_missing_with_its_remedy() -> None:
    assert needs.missing("gpg", "mmdebstrap") == (
        "needs mmdebstrap, gpg; on Debian: apt-get install -y gnupg mmdebstrap"
    )
    assert needs.needs("gpg").kwargs["reason"].startswith("needs gpg; on Debian")


def test_what_is_there_skips_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gpg").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert needs.missing("gpg") is None
    assert needs.needs("gpg").args == (False,)


def test_it_needs_no_package_so_that_it_can_come_first() -> None:
    script = ROOT / "tests" / "support" / "needs.py"
    command = [sys.executable, "-I", "-S", str(script), "packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == needs.packages()


def test_every_machine_that_boots_needs_each_of_its_tools() -> None:
    assert {"root", "mmdebstrap", "systemd-nspawn", "ip"} <= set(needs.BOOTING)
    assert "cloud-init" not in needs.BOOTING
