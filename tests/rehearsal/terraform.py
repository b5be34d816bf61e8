"""Terraform against the sky: as `trunkline apply` runs it, and by itself over single stacks."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from doubles.providers.plugin_mirror import build_mirror, pins, write_cli_config
from doubles.providers.terraform_runner import TerraformRunner, keep_state

from rehearsal.names import API_TOKEN
from trunkline.addresses.cloudflare import TOKEN
from trunkline.deploy.keys import Keys
from trunkline.terraform.plugins import CACHE

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


def program(folder: Path) -> Path:
    """A `terraform` for `trunkline apply`, which installs its plugins as a user's does.

    Each command gets the addresses of the sky but `init`, which would then install nothing.
    """
    found = shutil.which("terraform") or "terraform"
    path = folder / "bin" / "terraform"
    path.parent.mkdir()
    path.write_text(
        '#!/bin/sh\n[ "$1" = init ] && unset TF_REATTACH_PROVIDERS\n'
        f'exec {shlex.quote(found)} "$@"\n'
    )
    path.chmod(0o755)
    (folder / "plugins").mkdir()
    return path


def variables(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """What an operator has set for `trunkline apply`; the keys are in their file."""
    search = f"{program(folder).parent}:{os.environ['PATH']}"
    return {
        **env,
        **SECRETS,
        "PATH": search,
        CACHE: str(folder / "plugins"),
        TOKEN: API_TOKEN,
    }


class Stacks:
    """The stacks of a topology in `folder`, each run in a copy.

    Their states are in the folder `states`, also for `trunkline apply`, so that either goes on with
    what the other has made. The keys are in the file `keys`.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], keys: Path) -> None:
        self._folder = folder
        self._env = env
        self._keys = keys
        self._runs: dict[str, TerraformRunner] = {}
        (folder / "states").mkdir(parents=True)

    @property
    def keys(self) -> Keys:
        """The keys of the topology, as their file has them now."""
        return Keys.read(self._keys)

    @keys.setter
    def keys(self, keys: Keys) -> None:
        keys.write(self._keys)

    def keep_states(self, output: Path, names: Iterable[str]) -> None:
        """Let `trunkline apply` find the states, whatever backend the stacks name."""
        for name in names:
            stack = output / "stacks" / name
            stack.mkdir(parents=True, exist_ok=True)
            keep_state(stack, self._state(name))

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
        return Stacks(folder, self._env, self._keys)

    def replace(self, name: str, kind: str, part: str = "") -> None:
        """Apply a stack so that its resources of a type, with `part` in their names, are new."""
        found = [
            each for each in self.resources(name) if each.startswith(f"{kind}.") and part in each
        ]
        assert found, f"{name} has no {kind} with {part!r}"
        self._run(name).apply(*(f"-replace={address}" for address in found))

    def kill(self, name: str) -> None:
        """End the Terraform that works on a stack, as `kill -9` does."""
        folder = str(self._runs[name].folder)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name() == "terraform" and process.cwd() == folder:
                    process.kill()

    def resources(self, name: str) -> list[str]:
        """The addresses of what a stack's state holds."""
        return self._run(name).resources()

    def plan_is_empty(self, name: str) -> bool:
        return self._run(name).plan_is_empty()

    def _apply(self, stack: Path) -> None:
        run = self._run(stack.name)
        (run.folder / "cdk.tf.json").write_bytes((stack / "cdk.tf.json").read_bytes())
        run.set_variables({**SECRETS, **self.keys.environment()})
        run.apply()

    def _destroy(self, stack: Path) -> None:
        run = self._run(stack.name)
        run.destroy()
        assert run.resources() == [], f"{stack.name} is not empty"

    def _run(self, name: str) -> TerraformRunner:
        """A stack, initialized once: a changed one keeps its state and its plugins."""
        if name not in self._runs:
            stack, work = self._folder / "cdktf.out" / "stacks" / name, self._folder / "work" / name
            run = TerraformRunner(stack, work, self._env, timeout=TIMEOUT, state=self._state(name))
            run.init()
            run.set_variables({**SECRETS, **self.keys.environment()})
            self._runs[name] = run
        return self._runs[name]

    def _state(self, name: str) -> Path:
        return self._folder / "states" / f"{name}.tfstate"

    def _each(self, stacks: list[Path], step: Callable[[Path], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(step, stack) for stack in stacks]:
                done.result()
