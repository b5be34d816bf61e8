"""The folder of a topology of this machine: its stacks, state and key, for one run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from trunkline.deploy import preflight
from trunkline.deploy.alone import alone_in
from trunkline.deploy.synthesis import synthesize_apart
from trunkline.errors import ConfigurationError, MachineError, OutputError, TrunklineError
from trunkline.local import programs
from trunkline.local.status import stop_all
from trunkline.model import LocalIngress, Topology
from trunkline.probing.key import generate_key
from trunkline.stacks.outdir import other_topology_in
from trunkline.stacks.synthesize import stale_stacks
from trunkline.terraform.run import Done, Terraform, without_terraform_options
from trunkline.topology import load

# What a workspace is used for. A demo clears away what an interrupted demo left.
DEMO, KEPT = "demo", "kept"


@frozen
class Workspace:
    """`folder` holds cdktf.out, the Terraform state and, while machines run, .trunkline."""

    folder: Path

    @property
    def terraform(self) -> Terraform:
        """Terraform with the key of the probes; TerraformError where there is none."""
        env = {"TF_VAR_probe_key": self.key()}
        with suppress(MachineError):  # it may be below this folder and not above the workspace
            env[programs.WORKERD] = programs.find("workerd", self.machines)
        return Terraform(env=env, inherited=without_terraform_options())

    @property
    def output(self) -> Path:
        """Where the stacks are synthesized."""
        return self.folder / "cdktf.out"

    @property
    def machines(self) -> Path:
        """Where the machines keep their PID files and logs, while there are any."""
        return self.folder / ".trunkline"

    @property
    def use(self) -> str | None:
        """DEMO or KEPT, while machines are up; else None."""
        with suppress(FileNotFoundError):
            return (self.folder / "use").read_text()
        return None

    @property
    def key_file(self) -> Path:
        """The key of the probes, which only this user may read."""
        return self.folder / "probe-key"

    def key(self) -> str:
        """The key of the probes; it is made by the first call."""
        path = self.key_file
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
            path.write_text(generate_key())
        return path.read_text()

    def synthesize(self, file: Path, use: str) -> int:
        """Write the stacks of a topology and destroy those that it no longer has.

        Returns how many it has. `use` is DEMO or KEPT. Synthesis runs in another process, because
        CDKTF's Node would stay.
        """
        topology = load(file)
        refuse_clouds(topology)
        self._refuse_another(topology)
        terraform = self.terraform
        if self.use is None and self._stacks():
            raise ConfigurationError(
                f"{self.output} holds stacks that were not made for this: choose another --folder"
            )
        before = self.use
        (self.folder / "use").write_text(use)
        try:
            synthesize_apart(file, self.output)
        except OutputError:
            if before is None:  # nothing is up, so that nothing has to be taken down
                (self.folder / "use").unlink()
            raise
        for folder in stale_stacks(self.output):
            terraform.destroy([folder])
            shutil.rmtree(folder)
        return len(self._stacks())

    def preflight(self, topology: Topology) -> None:
        """Raise MachineError with all that a run of `topology` here lacks; nothing is started."""
        preflight.check(topology, self.machines)

    def up(self, done: Done = lambda _: None, *patterns: str) -> None:
        """Apply the stacks, or those whose names fit a pattern, until all machines are healthy."""
        self.terraform.apply(self._stacks(*patterns), done)

    def take_down(self, *patterns: str) -> None:
        """Destroy the stacks whose names fit a pattern."""
        self.terraform.destroy(self._stacks(*patterns))

    def down(self, done: Done = lambda _: None) -> str:
        """Destroy every stack, end what still runs, and remove stacks, state and key.

        Returns what Terraform could not do; empty where it could do all. Nothing runs in either
        case, so that the state is of no use.
        """
        problem = ""
        try:
            self.terraform.destroy(self._stacks(), done)
        except TrunklineError as error:
            problem = f"everything was ended, although {error}"
        if self.machines.exists():
            stop_all(self.machines)
        for path in (self.output, self.folder / "state"):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.folder / "use", self.key_file):
            path.unlink(missing_ok=True)
        return problem

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other run out of the folder; ConfigurationError where another is at work."""
        with alone_in(self.folder):
            yield

    def _refuse_another(self, topology: Topology) -> None:
        """What stands here has states under its topology's name; another name would lose them."""
        if owner := other_topology_in(self.output, topology.name):
            raise ConfigurationError(
                f"{self.folder} holds the topology {owner}, and this one is called "
                f"{topology.name}: take the first one down with trunkline local down, "
                "or choose another --folder"
            )

    def _stacks(self, *patterns: str) -> list[Path]:
        found = sorted(path.parent for path in self.output.glob("stacks/*/cdk.tf.json"))
        wanted = patterns or ("*",)
        return [stack for stack in found if any(map(stack.match, wanted))]


def refuse_clouds(topology: Topology) -> None:
    """Raise ConfigurationError where a topology is not of this machine."""
    if not isinstance(topology.ingress, LocalIngress):
        raise ConfigurationError(
            f"{topology.name} has sites in clouds, and this command runs topologies of this "
            "machine only: use trunkline synth and Terraform, or topologies/local.yaml"
        )
