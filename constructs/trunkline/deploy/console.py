"""What the consoles of edges have shown, by the command lines of their clouds.

No port is opened for it: a cloud keeps the console of each machine and shows it to those who are
logged in and may see it. There is what the machine has said while it started: what was installed,
which units are up, and why one is not. What units write later is in the machine's journal.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from trunkline.addresses.base import edge_name, machine_name
from trunkline.clouds.facts import CloudFacts, ConsoleCommand, facts_of
from trunkline.documents.findings import printable
from trunkline.errors import TrunklineError
from trunkline.model import Site, Topology

PATIENCE = 60.0  # seconds for one command
NOTHING = ("", "None")

# Colours and movements of the cursor: https://ecma-international.org/publications-and-standards/standards/ecma-48/
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")


class ConsoleError(TrunklineError):
    """A console that cannot be read."""


@frozen
class MachineLog:
    """What was read of a machine, or of one of its processes, by its name."""

    name: str
    lines: tuple[str, ...]


def edge_machines(topology: Topology, site: Site) -> dict[str, str]:
    """The names of the machines of a site's edge by their zones."""
    name = edge_name(topology.name, site.name)
    zones = topology.edge_zones(site.name)
    return {zone: name if zone == site.zone else machine_name(name, zone) for zone in zones}


def read_consoles(
    topology: Topology, site: Site, zones: Sequence[str], count: int
) -> Iterator[MachineLog]:
    """The last `count` lines of the consoles of the edges in some zones of a site.

    Raises ConsoleError where the cloud's command line is not there, or is refused.
    """
    facts = facts_of(site.cloud)
    if facts.console is None:
        raise ConsoleError(f"{site.name}: the machines of {facts.title} have no console")
    for zone in zones:
        machine = edge_machines(topology, site)[zone]
        places = {
            "machine": machine,
            "group": edge_name(topology.name, site.name),
            "zone": zone,
            "region": site.region,
            "account": site.account or "",
        }
        text = _read(facts, facts.console, places, site)
        lines = [*filter(None, map(_plain, text.splitlines()))]
        yield MachineLog(machine, tuple(lines[-count:] if count else ()))


def _read(facts: CloudFacts, command: ConsoleCommand, places: Mapping[str, str], site: Site) -> str:
    if shutil.which(command.program) is None:
        raise ConsoleError(
            f"{facts.title}'s command line, {command.program}, is not installed: "
            f"{command.install}; its web console shows the same"
        )
    if command.find:
        found = _run(facts, command, command.find, places).strip()
        if found in NOTHING:
            raise ConsoleError(
                f"there is no machine {places['machine']} in {places['region']} for these "
                f"credentials: use those of the {facts.credentials.format_map(places)}, or run "
                f"trunkline apply --only edge-{site.name}"
            )
        places = {**places, "id": found}
    text = _run(facts, command, command.read, places)
    return "" if text.strip() in NOTHING else text


def _run(
    facts: CloudFacts, command: ConsoleCommand, arguments: Sequence[str], places: Mapping[str, str]
) -> str:
    given = [each.format_map(places) for each in arguments]
    called = " ".join((command.program, *given[:3]))
    try:
        done = subprocess.run(
            [shutil.which(command.program) or command.program, *given],
            stdin=subprocess.DEVNULL,  # none of them is to ask anything
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConsoleError(f"{called} has not ended within {PATIENCE:.0f} s") from None
    except OSError as error:
        raise ConsoleError(f"{command.program} cannot be run: {error.strerror}") from None
    if done.returncode:
        words = _words(done.stderr) or f"exit code {done.returncode}"
        raise ConsoleError(
            f"{called} failed: {words}. Log in with credentials of the "
            f"{facts.credentials.format_map(places)} that have {command.permission}"
        )
    return done.stdout.decode(errors="replace")


def _words(said: bytes) -> str:
    """The line that names the error, of those that a command line prints about it."""
    lines = [
        plain for each in said.decode(errors="replace").splitlines() if (plain := _plain(each))
    ]
    named = (line for line in lines if "error" in line.lower())
    return next(named, lines[-1] if lines else "").rstrip(".")


def _plain(line: str) -> str:
    """A line without what would move a terminal's cursor or change its colours."""
    return printable(_ESCAPES.sub("", line).replace("\t", " ")).rstrip()
