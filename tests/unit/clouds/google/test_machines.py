"""What a machine on Google Cloud starts with."""

from __future__ import annotations

import subprocess
from importlib.resources import files


def test_the_startup_script_is_a_shell_script() -> None:
    script = files("trunkline.clouds.google").joinpath("startup.sh").read_bytes()
    subprocess.run(["sh", "-n"], input=script, check=True)
