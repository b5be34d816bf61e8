"""Terraform over the stacks of a folder, several at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from attrs import Factory, field, frozen

from trunkline.errors import TerraformError
from trunkline.terraform.commands import Commands
from trunkline.terraform.signals import defer_signals
from trunkline.terraform.transcript import GOOD_NEWS, SAID

AT_ONCE = 2  # each takes 50 MB
SHOWN_LINES = 12
# Of Terraform and of OpenTofu alike, by chance:
# https://opentofu.org/docs/v1.10/intro/whats-new and https://opentofu.org/docs/v1.11/intro/whats-new
OLDEST = (1, 10)  # lock files beside the state in S3 came with it
WRITE_ONLY = (1, 11)  # arguments that no state holds came with it
TERRAFORM = ("Terraform", "https://developer.hashicorp.com/terraform/install")
OPENTOFU = ("OpenTofu", "https://opentofu.org/docs/intro/install")

Done = Callable[[str], None]


@frozen
class Terraform:
    """Runs Terraform in the folders of stacks; `env` is added to the `inherited` environment."""

    env: Mapping[str, str] = field(factory=dict)
    program: str = field(factory=lambda: find_terraform())
    inherited: Mapping[str, str] = field(factory=lambda: dict(os.environ))
    _commands: Commands = field(
        default=Factory(
            lambda self: Commands(self.program, {**self.inherited, **self.env}), takes_self=True
        ),
        init=False,
        eq=False,
    )

    def apply(self, folders: Sequence[Path], done: Done = lambda _: None) -> None:
        """Bring up every stack; `done` hears each name. TerraformError names all that failed."""
        self._each(folders, self._apply, done)

    def destroy(self, folders: Sequence[Path], done: Done = lambda _: None) -> None:
        """Take down every stack that was ever initialized."""
        self._each(list(filter(self._is_initialized, folders)), self._destroy, done)

    def output(self, folder: Path, name: str) -> Any:
        """The value of an output of a stack that is applied; TerraformError where it is not."""
        if not self._is_initialized(folder):
            raise TerraformError(f"{folder.name} is not applied: it was never initialized here")
        # All of them: asked for a missing one, Terraform fails as it does for any other cause.
        done = self._commands.read(folder, ["output", "-no-color", "-json"])
        if done.returncode:
            raise TerraformError(f"terraform output failed for {folder.name}:\n{_end(done.stderr)}")
        outputs = json.loads(done.stdout)
        if name not in outputs:
            raise TerraformError(f"{folder.name} is not applied: it has no output {name}")
        return outputs[name]["value"]

    def _apply(self, folder: Path) -> None:
        self._run(folder, "init", "-backend=true")
        self._run(folder, "apply", "-auto-approve")

    def _destroy(self, folder: Path) -> None:
        # A run that was cut off leaves its lock behind, and nobody else works in this folder.
        self._run(folder, "destroy", "-auto-approve", "-lock=false")

    def _each(self, folders: Sequence[Path], step: Callable[[Path], None], done: Done) -> None:
        failures = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            steps = {pool.submit(step, folder): folder for folder in folders}
            try:
                for future in as_completed(steps):
                    if (error := future.exception()) is None:
                        done(steps[future].name)
                    elif isinstance(error, TerraformError):
                        failures.append(str(error))
                    else:
                        raise error
            except BaseException:
                with defer_signals():  # or another Ctrl-C would leave them running
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._commands.interrupt()
                    self._commands.await_end()
                    pool.shutdown(wait=True)
                raise
        if failures:
            raise TerraformError("\n".join(failures))

    def _run(self, folder: Path, command: str, *options: str) -> None:
        said: list[str] = []
        arguments = [command, "-no-color", "-input=false", *options]
        if self._commands.run(folder, arguments, said.append):
            output = "\n".join(said)
            raise TerraformError(f"terraform {command} failed for {folder.name}:\n{_end(output)}")

    def _is_initialized(self, folder: Path) -> bool:
        return (folder / self.inherited.get("TF_DATA_DIR", ".terraform")).exists()


def without_terraform_options() -> dict[str, str]:
    """This process's environment without what a user set for Terraform runs of their own."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("TF_DATA_DIR", "TF_WORKSPACE") and not name.startswith("TF_CLI_ARGS")
    }


def find_terraform(name: str = "terraform") -> str:
    """The path of Terraform, or of what is used in its place: a name on PATH, or a path.

    TerraformError says where to get it.
    """
    found = shutil.which(name)
    if found is None:
        raise TerraformError(f"{name} is not on PATH; {_remedy(name, OLDEST)}")
    return str(Path(found).absolute())  # it runs in the folders of stacks


def check_version(program: str, oldest: tuple[int, ...] = OLDEST) -> None:
    """Raise TerraformError where a Terraform, or an OpenTofu, is older than `oldest`."""
    done = Commands(program).read(Path(), ["version", "-json"])
    if (found := _version(done.stdout)) < oldest:
        version = _dotted(found) or "unknown"
        name = Path(program).name
        raise TerraformError(f"{name} has the version {version}; {_remedy(name, oldest)}")


def _remedy(program: str, oldest: tuple[int, ...]) -> str:
    what, where = OPENTOFU if "tofu" in Path(program).name else TERRAFORM
    return f"install {what} {_dotted(oldest)} or newer: {where}"


def _version(printed: str) -> tuple[int, ...]:
    """The version in what `terraform version -json` prints; empty where there is none.

    OpenTofu's has the same name: https://opentofu.org/docs/cli/commands/version
    """
    try:
        text = json.loads(printed)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(map(int, re.findall(r"\d+", str(text).split("-")[0])))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _end(output: str) -> str:
    """What a provisioner's command said went wrong, else Terraform's own last lines."""
    said = [match[1] for match in SAID.finditer(output) if not GOOD_NEWS.search(match[1])]
    if said:
        return "\n".join(f"  {line}" for line in said[-SHOWN_LINES:])
    lines = [line.strip("│╷╵ ").rstrip() for line in output.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in lines if line][-SHOWN_LINES:])
