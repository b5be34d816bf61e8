"""How long `trunkline apply` takes for all stacks, against Terraform in one stack after another.

`python -m rehearsal.comparing [TOPOLOGY]`, with the path that `make rehearsal` has. Both begin with
nothing: no state, no initialized stack, no plugin. Both end when all is applied.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from support.examples import THREE

from rehearsal.stage import Stage, copied, stage
from trunkline.demo.report import Report
from trunkline.deploy.progress import StepPrinter
from trunkline.stacks.specs import stack_specs
from trunkline.terraform.signals import raise_on_signal
from trunkline.topology import load


def main(file: Path) -> None:
    printer = StepPrinter()
    with (
        raise_on_signal(),
        tempfile.TemporaryDirectory(prefix="trunkline-rehearsal-") as folder,
        stage(copied(file, Path(folder)), Path(folder), printer, Report()) as made,
    ):
        made.operator.trunkline("keys", made.file.name)
        with printer.step("trunkline apply") as together:
            made.apply()
        with printer.step("destroy all of it"):
            made.destroy()
        with printer.step("init and apply in one stack after another") as alone:
            _one_after_another(made)
        with printer.step("destroy all of it"):
            made.destroy()
        print(f"{alone.seconds:.0f} s : {together.seconds:.0f} s")
        print(f"{alone.seconds / together.seconds:.1f} times faster")


def _one_after_another(made: Stage) -> None:
    """What a user does without trunkline: synthesis, and two commands in each folder."""
    topology = load(made.file)
    output = made.synthesize(topology)
    for spec in sorted(stack_specs(topology), key=lambda spec: spec.kind == "routing"):
        made.stacks.apply(output, spec.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else THREE)
