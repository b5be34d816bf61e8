"""What this machine tells: the keys' file, the versions in the topology, and probes' names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from trunkline.addresses.names import probe_endpoint
from trunkline.check import asking
from trunkline.check.line import CheckLine, State
from trunkline.deploy.keys import Keys, keys_of
from trunkline.model import DEFAULT_VERSIONS, Site, Topology

DAY = 86_400
OLD = 365  # days


def keys(topology: Topology, file: Path) -> Iterator[CheckLine]:
    """Whether the keys are there, how old their file is, and whether a rotation is at an end."""
    wanted = keys_of(topology)
    held = Keys.read(file).values
    if not wanted:
        return
    if not held:
        remedy = "in CI that is well; else name the file with --keys"
        yield CheckLine("keys", str(file), State.UNKNOWN, "there is no such file", remedy)
        return
    if missing := [key.variable for key in wanted if key.variable not in held]:
        remedy = f"make them: trunkline keys --file {file}"
        yield CheckLine("keys", str(file), State.FAILED, f"lacks {', '.join(missing)}", remedy)
    yield _age(file)
    for key in wanted:
        if key.previous in held:
            remedy = f"apply all stacks, then trunkline keys --retire {key.kind}"
            said = f"the {key.name} key is being rotated: two keys are taken"
            yield CheckLine("keys", str(file), State.WARNING, said, remedy)


def versions(topology: Topology) -> Iterator[CheckLine]:
    """Whether the topology pins other versions than this release would install."""
    pinned = topology.edge.versions
    for name in ("envoy", "cloudflared"):
        version, default = getattr(pinned, name), getattr(DEFAULT_VERSIONS, name)
        if _numbers(version) < _numbers(default):
            said = f"{version} is pinned; this release has {default}"
            remedy = f"take edge.versions.{name} out of the file, then apply the edges"
            yield CheckLine("version", name, State.WARNING, said, remedy)
        else:
            yield CheckLine("version", name, State.OK, version)


def probes(topology: Topology, site: Site) -> Iterator[CheckLine]:
    """Whether probes of a site still have their names, and so are running."""
    if topology.probes is None:
        return
    for zone in topology.probed_zones(site.name):
        host = probe_endpoint(topology, site.name, zone).host
        try:
            there = asking.resolve(host)
        except OSError as error:
            remedy = "look at the name servers of this machine"
            said = f"{zone} cannot be looked up: {error}"
            yield CheckLine("probes", site.name, State.UNKNOWN, said, remedy)
            return
        if there:
            remedy = f"when all is measured: trunkline destroy --only probes-{site.name}"
            yield CheckLine("probes", site.name, State.WARNING, f"they run, as in {zone}", remedy)
            return
    yield CheckLine("probes", site.name, State.OK, "none runs")


def _age(file: Path) -> CheckLine:
    days = int((time.time() - file.stat().st_mtime) / DAY)
    said = f"changed {days} days ago"
    if days <= OLD:
        return CheckLine("keys", str(file), State.OK, said)
    remedy = "rotate them: trunkline keys --rotate edge"
    return CheckLine("keys", str(file), State.WARNING, said, remedy)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
