"""cloud-init itself accepts the user data of every machine of every example."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.examples import IN_CLOUDS, Synthesized
from support.needs import needs

# cloud-init's schema lets an unknown top-level key pass, so these are compared by name.
KEYS = {"users", "disable_root", "ssh_pwauth", "write_files", "runcmd"}


@pytest.fixture(scope="module", params=IN_CLOUDS, ids=lambda file: file.stem)
def user_data(request: pytest.FixtureRequest, synthesized: Synthesized) -> dict[str, str]:
    """The user data of every machine: stack and resource to cloud-config."""
    return {
        f"{stack.parent.name} {name}": text
        for stack in synthesized(request.param).glob("stacks/*/cdk.tf.json")
        for name, text in _machines(json.loads(stack.read_text()))
    }


@needs("cloud-init")
@pytest.mark.slow
def test_cloud_init_accepts_it(user_data: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "user-data"
    for machine, text in user_data.items():
        file.write_text(text)
        done = subprocess.run(
            ["cloud-init", "schema", "--config-file", file], capture_output=True, text=True
        )
        assert done.returncode == 0, f"{machine}: {done.stdout}{done.stderr}"


def test_it_has_only_keys_that_cloud_init_knows_and_lets_nobody_log_in(
    user_data: dict[str, str],
) -> None:
    assert user_data
    for text in user_data.values():
        assert text.startswith("#cloud-config\n")
        config = YAML(typ="safe").load(text)
        assert set(config) == KEYS
        assert [(user["lock_passwd"], user["shell"]) for user in config["users"]] == [
            (True, "/usr/sbin/nologin")
        ]
        assert ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"] in config["runcmd"]


def _machines(stack: dict[str, Any]) -> Iterator[tuple[str, str]]:
    resources = stack.get("resource", {})
    # AWS's, which Terraform compresses; a machine's other local values are no text of its own.
    texts = {name: text for name, text in stack.get("locals", {}).items() if "-text_" in name}
    for name, text in texts.items():
        yield name, _unescaped(text)
    for name, machine in resources.get("google_compute_instance", {}).items():
        yield name, _unescaped(machine["metadata"]["user-data"])
    for name, machine in resources.get("azurerm_linux_virtual_machine", {}).items():
        yield name, base64.b64decode(machine["custom_data"]).decode()


def _unescaped(text: str) -> str:
    """As Terraform reads it."""
    return text.replace("$${", "${").replace("%%{", "%{")
