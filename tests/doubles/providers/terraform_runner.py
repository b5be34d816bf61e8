"""Terraform itself, run over a copy of a synthesized stack."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

OVERRIDE: Final = "zz_override.tf.json"
NO_CHANGES, CHANGES = 0, 2
STATE: Final = "terraform.tfstate"
# What Terraform needs of the caller's environment; nothing of the caller's clouds or Terraform.
INHERITED: Final = ("PATH", "LANG", "TMPDIR", "SYSTEMROOT")

Json = dict[str, Any]


class TerraformError(AssertionError):
    """A Terraform command failed; the message is what it printed."""


def keep_state(stack: Path, state: Path, extra: Mapping[str, Any] | None = None) -> None:
    """Let the stack in a folder have its state in a file, whatever backend it names.

    A backend in an override file replaces the stack's own, of any type, and a `cloud` block too.
    `extra` is merged into that file.
    """
    extra = extra or {}
    backend = {"backend": {"local": {"path": str(state)}}}
    merged = {**extra, "terraform": {**backend, **extra.get("terraform", {})}}
    (stack / OVERRIDE).write_text(json.dumps(merged, indent=2))


class TerraformRunner:
    """The life of one stack: `TerraformRunner(stack, work, env).cycle()`.

    The stack's folder is copied to `work`, where its state is kept in a file, or else in the file
    `state`, whatever backend the stack names. `override` is merged into the override file beside
    the copy. `env` comes on top of a bare environment; it names the CLI configuration with
    `TF_CLI_CONFIG_FILE`.
    """

    def __init__(
        self,
        stack: Path,
        work: Path,
        env: Mapping[str, str],
        *,
        override: Mapping[str, Any] | None = None,
        timeout: float = 120,
        state: Path | None = None,
    ) -> None:
        self.folder = Path(shutil.copytree(stack, work, ignore=_leftovers))
        self._timeout = timeout
        self._env = _environment(self.folder, env)
        self._state = state or self.folder / STATE
        keep_state(self.folder, state or Path(STATE), override)

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Take these TF_VAR_* in place of those before."""
        others = {name: value for name, value in self._env.items() if not _is_variable(name)}
        self._env = {**others, **variables}

    def init(self) -> str:
        """Install the plugins, as the stack pins them."""
        return self._succeed("init", without=("TF_REATTACH_PROVIDERS",))

    def validate(self) -> str:
        """Hold the configuration against the schemas."""
        return self._succeed("validate")

    def plan(self, *options: str) -> str:
        """What Terraform would do."""
        return self._succeed("plan", *options)

    def plan_as_json(self) -> str:
        """The same, as `terraform show -json` prints it."""
        self._succeed("plan", "-out=plan.out")
        done = self._run("show", "-json", "plan.out")
        if done.returncode:
            raise self._error("show", done)
        return done.stdout

    def apply(self, *options: str) -> str:
        """Do it, or what a saved plan says."""
        return self._succeed("apply", "-auto-approve", *options)

    def destroy(self) -> str:
        """Take everything down."""
        return self._succeed("destroy", "-auto-approve")

    def plan_is_empty(self) -> bool:
        """Whether Terraform has nothing to do."""
        return self._plan_code()[0] == NO_CHANGES

    def assert_plan_is_empty(self) -> None:
        """Fail with Terraform's own words where it still has something to do."""
        code, printed = self._plan_code()
        if code == CHANGES:
            raise TerraformError(f"the second plan of {self.folder.name} is not empty:\n{printed}")

    def _plan_code(self) -> tuple[int, str]:
        done = self._run("plan", "-detailed-exitcode")
        if done.returncode not in (NO_CHANGES, CHANGES):
            raise self._error("plan", done)
        return done.returncode, done.stdout

    def cycle(self) -> Json:
        """Up, still, and down again; returns the state as it was after apply.

        Apply makes its own plan; a separate first one would only repeat it.
        """
        self.init()
        self.validate()
        self.apply()
        applied = self.state()
        self.assert_plan_is_empty()
        self.destroy()
        if left := self.resources():
            raise TerraformError(f"destroy left {', '.join(left)}")
        return applied

    def state(self) -> Json:
        """The state file; an empty object before the first apply."""
        path = self._state
        held: Json = json.loads(path.read_text()) if path.exists() else {}
        return held

    def resources(self) -> list[str]:
        """The addresses of the managed resources in the state, sorted."""
        held = self.state().get("resources", [])
        return sorted(f"{r['type']}.{r['name']}" for r in held if r["mode"] == "managed")

    def outputs(self) -> Json:
        """The values of the outputs, sensitive ones too."""
        return {name: output["value"] for name, output in self.state().get("outputs", {}).items()}

    def _succeed(self, *command: str, without: Collection[str] = ()) -> str:
        done = self._run(*command, without=without)
        if done.returncode:
            raise self._error(command[0], done)
        return done.stdout

    def _error(self, command: str, done: subprocess.CompletedProcess[str]) -> TerraformError:
        words = f"{done.stdout}\n{done.stderr}".strip()
        return TerraformError(f"terraform {command} failed for {self.folder.name}:\n{words}")

    def _run(
        self, *command: str, without: Collection[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """One Terraform command in a process group of its own, which a time-out ends as a whole."""
        asks = command[0] not in ("show", "validate")
        quiet = ["-no-color", "-input=false"] if asks else ["-no-color"]
        arguments = ["terraform", command[0], *quiet, *command[1:]]
        process = subprocess.Popen(
            arguments,
            cwd=self.folder,
            env={name: value for name, value in self._env.items() if name not in without},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=self._timeout)
        finally:
            _end_group(process)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def _end_group(process: subprocess.Popen[str]) -> None:
    """Terraform and its plugins, where a time-out or an interrupt left them running."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _leftovers(_: str, names: list[str]) -> set[str]:
    """What an earlier Terraform left in a stack's folder."""
    return {name for name in names if name.startswith((".terraform", "terraform.tfstate"))}


def _is_variable(name: str) -> bool:
    return name.startswith("TF_VAR_")


def _environment(home: Path, env: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    quiet = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    return {**inherited, "HOME": str(home), **quiet, **env}
