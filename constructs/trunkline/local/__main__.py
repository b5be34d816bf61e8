"""What Terraform's provisioners call; no typer here, for each machine waits for the imports.

python -m trunkline.local start FOLDER    TRUNKLINE_MACHINE: the machine's JSON
python -m trunkline.local restart FOLDER  the same again, as after a reboot
python -m trunkline.local stop FOLDER
python -m trunkline.local keep FILE       TRUNKLINE_SECRET: what to keep
python -m trunkline.local forget FILE
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from trunkline.errors import TrunklineError


def main(arguments: list[str]) -> int:
    """Do what the arguments say; 0, or 1 with what went wrong on stderr."""
    action = ACTIONS.get(arguments[0]) if len(arguments) == 2 else None
    if action is None:
        print(__doc__, file=sys.stderr)
        return 1
    try:
        action(arguments[1])
    except TrunklineError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _start(folder: str) -> None:
    from trunkline.local.start import start

    print(start(folder, _variable("TRUNKLINE_MACHINE")))


def _restart(folder: str) -> None:
    from trunkline.local.start import restart

    print(restart(folder))


def _stop(folder: str) -> None:
    from trunkline.local.stop import stop

    stop(folder)


def _keep(file: str) -> None:
    from trunkline.local.keep import keep

    keep(file, _variable("TRUNKLINE_SECRET"))


def _forget(file: str) -> None:
    from trunkline.local.keep import forget

    forget(file)


ACTIONS: dict[str, Callable[[str], None]] = {
    "start": _start,
    "restart": _restart,
    "stop": _stop,
    "keep": _keep,
    "forget": _forget,
}


def _variable(name: str) -> str:
    """The variable, taken out of the environment that processes inherit."""
    if not (value := os.environ.pop(name, "")):
        raise TrunklineError(
            f"{name} is not set; this is what Terraform calls, see trunkline local"
        )
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
