"""The names of cdktf where the fork is installed, each time in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "constructs"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with a framework and a binding under the fork's names, to import from."""
    write(tmp_path, "cdktn/__init__.py", "NAME = 'fork'")
    write(tmp_path, "cdktn_provider_fake/__init__.py", "print('loaded binding')")
    write(tmp_path, "cdktn_provider_fake/alpha.py", "print('loaded alpha'); import cdktf")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def run(code: str, packages: Path) -> list[str]:
    """Run code where nothing is installed but these packages; the lines that it printed."""
    path = os.pathsep.join([str(packages), str(SOURCES)])
    code = f"from trunkline.bindings import fork; fork.install()\n{code}"
    # -S leaves out the installed cdktf.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=packages,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_names_of_cdktf_find_the_fork(packages: Path) -> None:
    code = "import cdktf, cdktn; print(cdktf is cdktn, cdktf.__spec__.name)"
    assert run(code, packages) == ["True cdktn"]


def test_a_module_is_loaded_once_under_both_names(packages: Path) -> None:
    code = "from cdktf_cdktf_provider_fake import alpha\n"
    code += "import cdktf_cdktf_provider_fake.alpha as again, cdktn_provider_fake.alpha as own\n"
    code += "print(alpha is again is own)"
    assert run(code, packages) == ["loaded binding", "loaded alpha", "True"]


def test_an_installed_cdktf_wins(packages: Path) -> None:
    write(packages, "cdktf/__init__.py", "NAME = 'cdktf'")
    assert run("import cdktf; print(cdktf.NAME, fork.uses_fork())", packages) == ["cdktf False"]


def test_a_folder_of_that_name_is_not_the_package(packages: Path) -> None:
    (packages / "cdktf").mkdir()
    assert run("import cdktf; print(cdktf.NAME, fork.uses_fork())", packages) == ["fork True"]


def test_a_missing_binding_is_reported_as_missing(packages: Path) -> None:
    code = "try: import cdktf_cdktf_provider_other\n"
    code += "except ModuleNotFoundError as error: print(error.name)"
    assert run(code, packages) == ["cdktn_provider_other"]


def test_without_either_cdktf_is_missing_under_its_own_name(tmp_path: Path) -> None:
    code = "try: import cdktf\nexcept ModuleNotFoundError as error: print(error.name)"
    assert run(code, tmp_path) == ["cdktf"]
