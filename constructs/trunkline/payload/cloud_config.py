"""The user data of a machine: a cloud-config document made of its units.

It is written here and not by a YAML library: that took a third of a synthesis, because a library
examines each character of the agent's program for each machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from trunkline.errors import ConfigurationError
from trunkline.payload.expressions import refuse_expression
from trunkline.payload.firewall import WEB, Firewall
from trunkline.payload.unit import UNITS, MachineFile, Unit, packaged

FETCHER = "/usr/local/lib/trunkline/fetch-secret"
INSTALLER = "/usr/local/lib/trunkline/install"

# A list of users keeps cloud-init from making its default one, and must not be empty.
_HEADER = """\
#cloud-config
users:
- name: trunkline
  system: true
  lock_passwd: true
  no_create_home: true
  shell: /usr/sbin/nologin
disable_root: true
ssh_pwauth: false
"""
_NO_LOGIN = ("systemctl", "mask", "--now", "ssh.service", "ssh.socket")

# What a YAML file may hold (YAML 1.2, 5.1), but for the line breaks that a reader would normalize.
_NOT_YAML = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def user_data(units: Sequence[Unit]) -> str:
    """The cloud-config of a machine that runs `units`: no login, the files, the services.

    The same units give the same bytes. Raises ConfigurationError where a file has a character that
    YAML cannot hold or a Terraform expression, or where two units write one file.
    """
    files = "".join(map(_entry, _distinct(_machine_files(units))))
    commands = "".join(f"- {json.dumps(list(command))}\n" for command in _commands(units))
    return f"{_HEADER}write_files:\n{files}runcmd:\n{commands}"


def _machine_files(units: Sequence[Unit]) -> list[MachineFile]:
    """Every file that a machine with `units` needs, unit by unit; shared ones are repeated."""
    hardening = MachineFile(
        f"{UNITS}/trunkline-.service.d/10-hardening.conf", packaged("hardening.conf")
    )
    # The minus sign: a machine that is a container may not set it, and goes on.
    restart = MachineFile("/etc/sysctl.d/60-trunkline.conf", "-kernel.panic = 10\n")
    return [hardening, restart, *(file for unit in units for file in _files_of(unit))]


def machine_firewall(units: Sequence[Unit]) -> Firewall:
    """What may enter and leave a machine with `units`; every machine may reach the web."""
    return Firewall(
        ingress=tuple(rule for unit in units for rule in unit.firewall.ingress),
        egress=(*WEB, *(rule for unit in units for rule in unit.firewall.egress)),
    )


def _files_of(unit: Unit) -> list[MachineFile]:
    files = [*unit.files, MachineFile(f"{UNITS}/{_service(unit)}", unit.service)]
    if unit.package or unit.debian_packages:
        files.append(MachineFile(INSTALLER, packaged("install.sh"), "0755"))
    if unit.package:
        sources = f"/etc/apt/sources.list.d/{unit.package.name}.sources"
        files.append(MachineFile(sources, unit.package.sources))
    if unit.secret:
        script = "#!/usr/bin/python3\n" + unit.secret.script
        files.append(MachineFile(FETCHER, script, "0755"))
    return files


def _commands(units: Sequence[Unit]) -> list[Sequence[str]]:
    packages = [
        *(unit.package.requirement for unit in units if unit.package),
        *(name for unit in units for name in unit.debian_packages),
    ]
    return [
        _NO_LOGIN,
        ("systemctl", "restart", "systemd-sysctl.service"),
        *([(INSTALLER, *packages)] if packages else []),
        # Not waiting: a secret may be readable later, and systemd tries again by itself.
        ("systemctl", "enable", "--now", "--no-block", *map(_service, units)),
    ]


def _service(unit: Unit) -> str:
    return f"trunkline-{unit.name}.service"


def _distinct(files: Iterable[MachineFile]) -> list[MachineFile]:
    """Each file once, in the order of first use."""
    by_path: dict[str, MachineFile] = {}
    for file in files:
        if by_path.setdefault(file.path, file) != file:
            raise ConfigurationError(f"two units of a machine write {file.path}")
    return list(by_path.values())


def _entry(file: MachineFile) -> str:
    """One entry of `write_files`; its content is a literal block, which is read as it stands."""
    if bad := _NOT_YAML.search(file.content):
        raise ConfigurationError(
            f"{file.path} holds the character U+{ord(bad.group()):04X}, which user data cannot "
            "hold; write another one"
        )
    refuse_expression(file.content, f"the file {file.path}")
    body = file.content.rstrip("\n")
    breaks = len(file.content) - len(body)
    # Indentation is said because a first line may begin with spaces itself.
    header = "|2" + ("-" if breaks == 0 else "" if breaks == 1 and body else "+")
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.split("\n"))
    blank = "\n" * max(breaks - 1, 0)
    return (
        f"- path: {file.path}\n"
        f"  permissions: '{file.permissions}'\n"
        f"  content: {header}\n{lines}{blank}"
    )
