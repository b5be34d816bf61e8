"""The description of a machine on this computer, as constructs write it into Terraform JSON."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from attrs import Attribute, Factory, asdict, field, frozen

from trunkline.errors import ConfigurationError
from trunkline.local.layout import LOCK, LOG, MACHINE, STATE, SUPERVISOR

Program = Literal["envoy", "workerd", "python"]
Kind = Literal["probe", "edge", "sample", "ingress"]

# Linux takes 128 KiB for one string of the environment, its name included (MAX_ARG_STRLEN).
MOST_BYTES = 120_000
# So that the state of all fits into one page (layout.STATE_SIZE), which is written at once.
MOST_PROCESSES = 8

_RESERVED = (LOCK, MACHINE, STATE)
_RESERVED_ENDINGS = (LOG, f"{LOG}.1")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_ADDRESS = re.compile(r"(?:tcp|udp) ([0-9.]+):[0-9]{1,5}\Z")


def _check_name(owner: object, attribute: Attribute[str], value: str) -> None:
    if not _NAME.match(value):
        raise ConfigurationError(
            f"a local machine or process cannot have the name {value!r}; write up to 63 lower case "
            "letters, digits and hyphens"
        )


def _check_files(
    owner: object, attribute: Attribute[Mapping[str, str]], value: Mapping[str, str]
) -> None:
    for name in value:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ConfigurationError(
                f"the file {name!r} must lie in the machine's folder; write a relative path"
            )
        if str(path) in _RESERVED or name.endswith(_RESERVED_ENDINGS):
            raise ConfigurationError(f"the file {name!r} is the supervisor's; choose another name")


def _check_ready(owner: object, attribute: Attribute[str], value: str) -> None:
    url = urlsplit(value)
    if url.scheme not in ("http", "tcp") or not url.hostname or not _port(value):
        raise ConfigurationError(
            f"the health check {value!r} must read like http://127.10.0.1:8080/healthz "
            "or tcp://127.0.0.1:8000"
        )


def _check_addresses(owner: object, attribute: object, value: tuple[str, ...]) -> None:
    for address in value:
        host = _ADDRESS.match(address)
        if not host or not _is_ipv4(host[1]) or not _port(f"//{address.split()[1]}"):
            raise ConfigurationError(f"the address {address!r} must read like tcp 127.10.0.1:8080")


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:  # not a number, or too large
        return None


def _is_ipv4(text: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def _check_processes(owner: object, attribute: object, value: tuple[LocalProcess, ...]) -> None:
    names = [process.name for process in value]
    if not 1 <= len(names) <= MOST_PROCESSES or len(set(names)) != len(names):
        raise ConfigurationError(
            f"a local machine has 1 to {MOST_PROCESSES} processes, each with a name of its own"
        )
    if SUPERVISOR in names:
        raise ConfigurationError(
            f"the process {SUPERVISOR!r} needs another name: the supervisor's log has this one"
        )


@frozen(kw_only=True)
class LocalProcess:
    """One process. It runs in the machine's folder, where `files` (name: text) are written first,
    and is up when `ready` answers: `http://HOST:PORT/PATH` with 200, or `tcp://HOST:PORT`."""

    name: str = field(validator=_check_name)
    program: Program
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(factory=dict, validator=_check_files)
    ready: str = field(validator=_check_ready)


@frozen(kw_only=True)
class LocalMachine:
    """A group of processes that start and end together.

    `addresses` (`tcp 127.10.0.1:8080`) must be free before; `start_seconds` is how long all of the
    processes may take until they are up.
    """

    name: str = field(validator=_check_name)
    kind: Kind
    processes: tuple[LocalProcess, ...] = field(validator=_check_processes)
    addresses: tuple[str, ...] = field(default=Factory(tuple), validator=_check_addresses)
    start_seconds: float = 15

    def to_json(self) -> str:
        """The text that `start` gets in TRUNKLINE_MACHINE; the same machine gives the same text."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        if len(text.encode()) > MOST_BYTES:
            raise ConfigurationError(
                f"the local machine {self.name!r} takes {len(text.encode()):,} bytes and "
                f"{MOST_BYTES:,} fit into Terraform's environment; give it smaller files"
            )
        return text
