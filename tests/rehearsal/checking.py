"""`trunkline check`: all is well while all is up, and what is not is named by the right lines."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from rehearsal.stage import Stage
from trunkline.addresses.base import edge_name
from trunkline.addresses.cloudflare import origin_hostnames
from trunkline.model import Topology

FOUND = "check.json"
OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"


@dataclass(frozen=True)
class Line:
    """A line of a check: what was looked at, where, its state, and what was found."""

    what: str
    where: str
    state: str
    said: str

    def __str__(self) -> str:
        return f"{self.state} {self.what} {self.where}: {self.said}"


def check(stage: Stage, topology: Topology) -> None:
    """Check all that is up; what is not well has a reason that the topology gives."""
    with stage.printer.step("check all of it, and what Terraform would change") as step:
        lines = checked(stage, "--drift")
        others = [each for each in lines if each.state != OK]
        odd = [str(each) for each in others if not _is_expected(each, topology)]
        assert not odd, "; ".join(odd)
        looked = dict.fromkeys(each.what for each in lines)
        step.result = f"{len(lines) - len(others)} of {len(lines)} lines ok: {', '.join(looked)}"
        if others:
            step.result += f"; {'; '.join(dict.fromkeys(each.said for each in others))}"
    stage.report.add("trunkline check", step.result)


def checked(stage: Stage, *options: str, failed: bool = False) -> Collection[Line]:
    """The lines of `trunkline check`, whose exit code says whether one of them has `failed`."""
    command = ("check", stage.file.name, "--format", "json", *options)
    printed = stage.operator.trunkline(*command, exit_code=int(failed))
    (stage.folder / FOUND).write_text(printed)
    said = json.loads(printed)
    assert said["up"] is not failed
    names = ("what", "where", "state", "said")
    return [Line(*(each[name] for name in names)) for each in said["checks"]]


def _is_expected(line: Line, topology: Topology) -> bool:
    """Whether it cannot be well: a check has no token for Access, and no probe runs any more."""
    if line.what == "route" and line.state == UNKNOWN:
        route = next(each for each in topology.routing.routes if each.prefix == line.where)
        return bool(route.forwarding.access or route.forwarding.management)
    return line.what == "drift" and line.where.startswith("probes-") and line.state == WARNING


def check_without(stage: Stage, topology: Topology, site: str) -> str:
    """Check while one edge of a site is away: the lines about it say so, and no others."""
    goes_on = topology.edge.replicas > 1
    lines = [each for each in checked(stage, failed=not goes_on) if each.state in (WARNING, FAILED)]
    states = {each.what: each.state for each in lines}
    odd = [str(each) for each in lines if not _is_of(each, topology, site)]
    assert not odd, f"nothing is wrong there: {'; '.join(odd)}"
    what = "tunnel" if topology.edge.exposure == "tunnel" else "origin"
    assert states.get(what) == (WARNING if goes_on else FAILED), states
    return "; ".join(map(str, lines))


def _is_of(line: Line, topology: Topology, site: str) -> bool:
    """Whether a line is about a site."""
    if line.what == "route":
        return any(
            each.prefix == line.where for each in topology.routing.routes if each.site == site
        )
    names = (edge_name(topology.name, site), *origin_hostnames(topology, site).values())
    return line.where in names
