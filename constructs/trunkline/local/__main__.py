"""The commands of Terraform's provisioners; without typer, because each machine waits for imports.

python -m trunkline.local start FOLDER       TRUNKLINE_MACHINE: the machine's JSON
python -m trunkline.local restart FOLDER     the same machine again, as after a reboot
python -m trunkline.local stop FOLDER
python -m trunkline.local write-secret FILE  TRUNKLINE_SECRET: its text
python -m trunkline.local remove-secret FILE
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from trunkline.errors import TrunklineError


def main(arguments: list[str]) -> int:
    """Do what the arguments say; returns 0, or 1 with the error on stderr."""
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


def _write_secret(file: str) -> None:
    from trunkline.local.secrets import write_secret

    write_secret(file, _variable("TRUNKLINE_SECRET"))


def _remove_secret(file: str) -> None:
    from trunkline.local.secrets import remove_secret

    remove_secret(file)


ACTIONS: dict[str, Callable[[str], None]] = {
    "start": _start,
    "restart": _restart,
    "stop": _stop,
    "write-secret": _write_secret,
    "remove-secret": _remove_secret,
}


def _variable(name: str) -> str:
    """The value of a variable, which is removed from the environment that processes inherit."""
    if not (value := os.environ.pop(name, "")):
        raise TrunklineError(
            f"{name} is not set: this command is for Terraform; see trunkline local --help"
        )
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
