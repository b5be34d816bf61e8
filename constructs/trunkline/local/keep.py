"""Secrets of local machines: files that only this user may read, below `.trunkline`."""

from __future__ import annotations

from trunkline.local.errors import MachineError
from trunkline.local.folder import checked, make, remove_empty, write_whole


def keep(file: str, secret: str) -> None:
    """Write `secret` to `file`, all of it or nothing; MachineError where that cannot be."""
    path = checked(file)
    for _ in range(100):  # a `forget` beside us may remove the folder that we have just made
        try:
            make(path.parent)
            path.parent.chmod(0o700)
            write_whole(path, secret.encode())
            return
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _failed(file, "written", error) from error
    raise MachineError(
        f"{file} cannot be written: its folder is removed again and again; stop that"
    )


def forget(file: str) -> None:
    """Remove the secret and its empty folders up to `.trunkline`; none there is fine."""
    path = checked(file)
    try:
        path.unlink(missing_ok=True)
        remove_empty(path.parent)
    except OSError as error:
        raise _failed(file, "removed", error) from error


def _failed(file: str, what: str, error: OSError) -> MachineError:
    return MachineError(
        f"the secret {file} cannot be {what}: {error.strerror}; free space or set its permissions, "
        "and apply again"
    )
