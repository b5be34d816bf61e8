"""Terraform over the unchanged stacks, several at a time, against the sky."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from doubles.providers.plugin_mirror import build_mirror, pins, write_cli_config
from doubles.providers.terraform_runner import TerraformRunner

from trunkline.deploy.keys import Keys

AT_ONCE = 3
TIMEOUT = 400.0
# What an operator sets beside the keys; stacks without such a variable do not look.
SECRETS = {
    "TF_VAR_logpush_destination": "s3://logs.example.com/{DATE}?region=us-east-1",
    "TF_VAR_otlp_header": "Bearer of-the-collector",
}


def environment(folder: Path, addresses: str) -> dict[str, str]:
    """In which Terraform finds the sky; `addresses` is a TF_REATTACH_PROVIDERS."""
    mirror = build_mirror(folder / "mirror")
    config = write_cli_config(folder / "terraform.rc", {mirror: pins()})
    return {
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_REATTACH_PROVIDERS": addresses,
    }


class Stacks:
    """The stacks of a topology in a folder, each in a copy with its state beside it."""

    def __init__(self, folder: Path, env: Mapping[str, str], keys: Keys) -> None:
        self._folder = folder
        self._env = env
        self.keys = keys
        self._runs: dict[str, TerraformRunner] = {}

    def apply(self, output: Path, *patterns: str) -> list[str]:
        """Initialize and apply the stacks that fit one of the patterns; returns their names."""
        found = sorted(each for one in patterns for each in (output / "stacks").glob(one))
        self._each(found, self._apply)
        return [folder.name for folder in found]

    def destroy(self, names: Iterable[str]) -> None:
        """Destroy stacks that were applied; once more where a tunnel's connection lingers."""
        self._each([Path(name) for name in names], self._destroy)

    def beside(self, folder: Path) -> Stacks:
        """For the stacks of another topology, in the same sky."""
        return Stacks(folder, self._env, self.keys)

    def replace(self, name: str, kind: str, part: str = "") -> None:
        """Apply a stack so that its resources of a type, with `part` in their names, are new."""
        found = [
            each for each in self.resources(name) if each.startswith(f"{kind}.") and part in each
        ]
        assert found, f"{name} has no {kind} with {part!r}"
        self._runs[name].apply(*(f"-replace={address}" for address in found))

    def kill(self, name: str) -> None:
        """End the Terraform that works on a stack, as `kill -9` does."""
        folder = str(self._runs[name].folder)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "terraform" and process.cwd() == folder:
                    process.kill()

    def resources(self, name: str) -> list[str]:
        """The addresses of what a stack's state holds."""
        return self._runs[name].resources()

    def plan_is_empty(self, name: str) -> bool:
        return self._runs[name].plan_is_empty()

    def _apply(self, stack: Path) -> None:
        work = self._folder / "work" / stack.name
        if stack.name in self._runs:  # changed stacks keep their state and their plugins
            run = self._runs[stack.name]
            (run.folder / "cdk.tf.json").write_bytes((stack / "cdk.tf.json").read_bytes())
        else:
            run = TerraformRunner(stack, work, self._env, timeout=TIMEOUT)
            run.init()
            self._runs[stack.name] = run
        run.set_variables({**SECRETS, **self.keys.environment()})
        run.apply()

    def _destroy(self, stack: Path) -> None:
        self._runs[stack.name].destroy()
        assert self._runs[stack.name].resources() == [], f"{stack.name} is not empty"

    def _each(self, stacks: list[Path], step: Callable[[Path], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(step, stack) for stack in stacks]:
                done.result()
