"""Secrets of local machines: files that only this user may read, below `.trunkline`."""

from __future__ import annotations

from trunkline.documents.write import write_private
from trunkline.errors import MachineError
from trunkline.local.folder import checked, make, remove_empty


def write_secret(file: str, secret: str) -> None:
    """Write `secret` to `file`, all of it or nothing; MachineError where that fails."""
    path = checked(file)
    for _ in range(100):  # a `remove_secret` may remove the folder that was just made
        try:
            make(path.parent)
            path.parent.chmod(0o700)
            write_private(path, secret.encode())
            return
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _failed(file, "written", error) from error
    raise MachineError(
        f"{file} cannot be written: something keeps removing its folder; stop that, and apply again"
    )


def remove_secret(file: str) -> None:
    """Remove the secret and its empty folders up to `.trunkline`; it may be gone already."""
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
