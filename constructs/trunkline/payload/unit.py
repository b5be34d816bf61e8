"""A unit: a daemon that a machine runs, with all that it needs.

Adding one is a class in a file of `payload/units/`, and its place in the list of units of a machine
(`patterns/`). Nothing asks a unit for its type.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from functools import cache
from importlib.resources import files
from typing import ClassVar

from attrs import frozen

from trunkline.local.machine import LocalProcess
from trunkline.payload.firewall import Firewall
from trunkline.payload.package import VendorPackage
from trunkline.payload.secret import SecretSource
from trunkline.probing.source import without_documentation

UNITS = "/etc/systemd/system"


@frozen
class MachineFile:
    """A file to write: absolute path, text, octal permissions."""

    path: str
    content: str
    permissions: str = "0644"


@frozen(kw_only=True)
class LocalUnit:
    """A unit as a process of this machine, and the addresses that it takes (`tcp HOST:PORT`)."""

    process: LocalProcess
    addresses: tuple[str, ...]


class Unit(ABC):
    """One daemon: on a cloud's machine a systemd service, on this machine a process."""

    name: ClassVar[str]
    """The systemd service is `trunkline-<name>.service`."""

    health: ClassVar[str] = "/healthz"
    """The path that answers 200 when the daemon is ready."""

    remedy: ClassVar[str]
    """What to do where the unit is too large for a machine's user data."""

    @property
    @abstractmethod
    def service(self) -> str:
        """The text of the systemd service."""

    @property
    def package(self) -> VendorPackage | None:
        """The vendor's package that is installed first, at its pinned version."""
        return None

    @property
    def debian_packages(self) -> tuple[str, ...]:
        """Packages of Debian itself that are installed first, in the version that it has."""
        return ()

    @property
    def files(self) -> tuple[MachineFile, ...]:
        """The files that the daemon reads."""
        return ()

    @property
    def secret(self) -> SecretSource | None:
        """The secret that the service fetches each time it starts."""
        return None

    @property
    def firewall(self) -> Firewall:
        """The ports at which the daemon answers, and those that it must reach."""
        return Firewall()

    @abstractmethod
    def local(self, cidr: str, zone: str) -> LocalUnit:
        """The daemon on this machine, in a zone of a local site with the range `cidr`.

        Raises ConfigurationError where it cannot run here.
        """


# A program's import of another file of this folder, which stands in its place on a machine.
_PART = re.compile(r"^from trunkline\.payload\.(\w+) import (?:\([^)]*\)|.*)$", re.MULTILINE)


@cache
def machine_program(name: str) -> str:
    """The program `payload/<name>.py` as machines get it: one file, whatever it is made of."""
    return without_documentation(_whole(name), f"payload/{name}.py")


def _whole(name: str) -> str:
    text = files("trunkline.payload").joinpath(f"{name}.py").read_text("utf-8")
    return _PART.sub(lambda found: _whole(found[1]), text)


def packaged(name: str) -> str:
    """The text of a file that machines get as it is, or with its `@NAMES@` filled in."""
    return files("trunkline.payload").joinpath("files", name).read_text("utf-8")
