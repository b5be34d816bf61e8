"""A cloud-config document: the files of a machine and the commands of its first boot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.resources import files

from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from trunkline.payload.secret import SecretSource

# A list of users keeps cloud-init from making its default one, and must not be empty.
NOBODY = {
    "name": "trunkline",
    "system": True,
    "lock_passwd": True,
    "no_create_home": True,
    "shell": "/usr/sbin/nologin",
}


UNITS = "/etc/systemd/system"
FETCHER = "/usr/local/lib/trunkline/fetch-secret"


@frozen
class MachineFile:
    """A file to write: absolute path, text, octal permissions."""

    path: str
    content: str
    permissions: str = "0644"


def unit(name: str, content: str) -> MachineFile:
    """The systemd service `trunkline-<name>`."""
    return MachineFile(f"{UNITS}/trunkline-{name}.service", content)


def hardening() -> MachineFile:
    """What no service of ours may do; systemd applies it to every `trunkline-*.service`."""
    return MachineFile(
        f"{UNITS}/trunkline-.service.d/10-hardening.conf", packaged("hardening.conf")
    )


def fetcher(secret: SecretSource) -> MachineFile:
    """The command that prints a secret, with which a unit fetches it each time it starts."""
    return MachineFile(FETCHER, "#!/usr/bin/python3\n" + secret.script, "0755")


def cloud_config(machine_files: Sequence[MachineFile], commands: Sequence[Sequence[str]]) -> str:
    """The user data: no login of any kind, the files, then the commands in order.

    The same arguments give the same bytes.
    """
    document = {
        "users": [NOBODY],
        "disable_root": True,
        "ssh_pwauth": False,
        "write_files": [_entry(file) for file in machine_files],
        "runcmd": [
            ["systemctl", "mask", "--now", "ssh.service", "ssh.socket"],
            *map(list, commands),
        ],
    }
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump(document, text)
    return "#cloud-config\n" + text.getvalue()


def packaged(name: str) -> str:
    """The text of a file that machines get as it stands."""
    return files("trunkline.payload").joinpath("files", name).read_text("utf-8")


def _entry(file: MachineFile) -> dict[str, str]:
    return {
        "path": file.path,
        "permissions": file.permissions,
        "content": LiteralScalarString(file.content),
    }
