"""What is said of a topology that is up, and of each thing that is not."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from support.command import trunkline
from support.examples import ROOT, THREE

from trunkline.addresses.cloudflare import origin_hostnames
from trunkline.check import asking
from trunkline.check.asking import Answer
from trunkline.check.line import CheckLine, State
from trunkline.check.run import check_topology, is_up
from trunkline.deploy.connectors import Connectors, ConnectorsError
from trunkline.deploy.keys import Keys, keys_of
from trunkline.model import Forwarding, Topology
from trunkline.topology import load

TOPOLOGY = load(THREE)
KEY = "ab" * 32
HOST = "three-clouds-edge-aws.example.com"
API = "https://api.example.com"


@attrs.define
class World:
    """What answers: everything, as it should, but for what a test changes.

    - `sites`: who answers each route; None for nobody.
    - `statuses`: of the edges' health, by their hostname; 0 for no answer.
    - `names`: those that have no address.
    """

    sites: dict[str, str | None] = attrs.field(factory=dict)
    statuses: dict[str, int] = attrs.field(factory=dict)
    missing: list[str] = attrs.field(factory=list)
    running: list[str] = attrs.field(factory=list)
    machines: int = 1
    days: int = 60
    broken: list[str] = attrs.field(factory=list)

    def resolve(self, host: str) -> bool:
        if host in self.broken:
            raise socket.gaierror(socket.EAI_AGAIN, "no name server")
        if ".probes." in host:
            return host in self.running
        return host not in self.missing

    def ask(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        expires = datetime.now(UTC) + timedelta(days=self.days, hours=1)
        path = url.removeprefix(API)
        if path != url:
            if path in self.broken:
                raise OSError("refused")
            own = {route.prefix: route.site for route in TOPOLOGY.routing.routes}.get(path)
            site = self.sites.get(path, own)
            return Answer(200, {"trunkline-site": site} if site else {}, expires)
        host = url.removeprefix("https://").removesuffix("/healthz")
        status = self.statuses.get(host, 200)
        if not status:
            raise OSError("refused")
        given = (headers or {}).get("trunkline-edge-key")
        return Answer(status if given == KEY else 403, {}, expires)

    def connectors(self, connectors: Connectors, tunnel: str) -> frozenset[str]:
        if self.machines < 0:
            raise ConnectorsError("CLOUDFLARE_API_TOKEN is not set")
        return frozenset(map(str, range(self.machines)))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    monkeypatch.setattr(asking, "resolve", found.resolve)
    monkeypatch.setattr(asking, "ask", found.ask)
    monkeypatch.setattr(Connectors, "of", lambda self, name: found.connectors(self, name))
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.env"
    Keys({key.variable: KEY for key in keys_of(TOPOLOGY)}).write(path)
    return path


def said(file: Path, topology: Topology = TOPOLOGY) -> list[CheckLine]:
    """All that is not as it should be."""
    return [line for line in check_topology(topology, file, {}) if line.state is not State.OK]


def only(file: Path, topology: Topology = TOPOLOGY) -> tuple[str, str, str, str]:
    [line] = said(file, topology)
    assert line.remedy
    return line.what, line.where, line.state.value, line.said


def test_all_is_up(world: World, file: Path) -> None:
    lines = check_topology(TOPOLOGY, file, {})
    assert is_up(lines)
    assert {line.state for line in lines} == {State.OK}
    whats = [line.what for line in lines]
    counts = {what: whats.count(what) for what in whats}
    assert counts == {
        "name": 1,
        "certificate": 4,
        "route": 3,
        "origin": 3,
        "tunnel": 3,
        "keys": 1,
        "version": 2,
        "probes": 3,
    }


def test_a_route_that_another_site_answers_is_a_warning(world: World, file: Path) -> None:
    world.sites["/api/v5"] = "azure"
    found = ("route", "/api/v5", "warning", "azure answers with status 200, in place of aws")
    assert only(file) == found


@pytest.mark.parametrize(
    ("site", "text"),
    [(None, "no site answered; status 200"), ("other", "other answers with status 200")],
)
def test_a_route_that_none_of_its_sites_answers_has_failed(
    world: World, file: Path, site: str | None, text: str
) -> None:
    world.sites["/api/v5"] = site
    assert only(file) == ("route", "/api/v5", "failed", text)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "does not answer: refused"),
        (403, "does not take the edge key"),
        (503, "drains, or has no healthy upstream"),
        (530, "no edge behind its tunnel"),
        (500, "answers with status 500"),
    ],
)
def test_an_origin_that_is_not_well_has_failed(
    world: World, file: Path, status: int, text: str
) -> None:
    world.statuses[HOST] = status
    assert only(file) == ("origin", HOST, "failed", text)


def test_one_of_several_origins_that_does_not_answer_is_a_warning(world: World, file: Path) -> None:
    edge = attrs.evolve(TOPOLOGY.edge, exposure="public", replicas=2)
    sites = tuple(attrs.evolve(site, spares=site.zones[1:2]) for site in TOPOLOGY.sites)
    several = attrs.evolve(TOPOLOGY, edge=edge, sites=sites)
    world.statuses[HOST] = 0
    assert only(file, several) == ("origin", HOST, "warning", "does not answer: refused")
    for host in origin_hostnames(several, "aws").values():
        world.statuses[host] = 0
    assert {line.state for line in said(file, several)} == {State.FAILED}


def test_names_without_an_address_are_told(world: World, file: Path) -> None:
    world.missing = [HOST, "api.example.com"]
    name, origin = said(file)
    assert (name.what, name.state, name.said) == ("name", State.FAILED, "has no address")
    assert (origin.where, origin.said) == (HOST, "the name has no address")


def test_what_cannot_be_looked_up_is_not_known(world: World, file: Path) -> None:
    world.broken = ["api.example.com", "us-east-1a.aws.probes.three-clouds.example.com"]
    name, probes = said(file)
    assert {name.state, probes.state} == {State.UNKNOWN}
    assert is_up([name, probes])
    world.broken = ["/api/v5"]
    assert only(file) == ("route", "/api/v5", "failed", "does not answer: refused")
    world.broken = [""]
    wheres = [line.where for line in check_topology(TOPOLOGY, file, {}) if line.what != "name"]
    assert "api.example.com" not in wheres  # its certificate was not met


@pytest.mark.parametrize(
    ("machines", "state", "text"),
    [
        (1, State.WARNING, "1 of 2 machines connected"),
        (0, State.FAILED, "0 of 2 machines connected"),
        (-1, State.UNKNOWN, "CLOUDFLARE_API_TOKEN is not set"),
    ],
)
def test_a_tunnel_has_each_machine_of_its_site(
    world: World, file: Path, machines: int, state: State, text: str
) -> None:
    public = load(ROOT / "tests" / "golden" / "topologies" / "public-replicas.yaml")
    topology = attrs.evolve(public, edge=attrs.evolve(public.edge, exposure="tunnel"))
    world.machines = machines
    lines = [line for line in check_topology(topology, file, {}) if line.what == "tunnel"]
    assert [(line.state, line.said) for line in lines] == [(state, text)] * 3
    assert not [line for line in check_topology(public, file, {}) if line.what == "tunnel"]


def test_a_certificate_that_ends_soon_is_a_warning(world: World, file: Path) -> None:
    world.days = 5
    lines = said(file)
    assert {(line.what, line.state) for line in lines} == {("certificate", State.WARNING)}
    assert len(lines) == 4


def test_probes_that_run_are_a_warning(world: World, file: Path) -> None:
    world.running = ["us-east-1b.aws.probes.three-clouds.example.com"]
    assert only(file) == ("probes", "aws", "warning", "they run, as in us-east-1b")
    without = attrs.evolve(TOPOLOGY, probes=None)
    assert said(file, without) == []


def test_keys_that_are_old_or_are_being_rotated_are_warnings(world: World, file: Path) -> None:
    [edge] = [key for key in keys_of(TOPOLOGY) if key.overlaps and key.kind == "edge"]
    Keys({**Keys.read(file).values, edge.previous: KEY}).write(file)
    os.utime(file, (0, datetime(2020, 1, 1, tzinfo=UTC).timestamp()))
    old, rotated = said(file)
    assert old.said.endswith("days ago")
    assert "is being rotated" in rotated.said


def test_keys_that_are_missing_are_told(world: World, file: Path) -> None:
    values = dict(Keys.read(file).values)
    values.pop("edge_key")
    Keys(values).write(file)
    found = {(line.what, line.state, line.said) for line in said(file)}
    assert found == {
        ("keys", State.FAILED, "lacks edge_key"),
        ("origin", State.UNKNOWN, "there is no edge key to ask with"),
    }
    [absent] = [line for line in said(file.with_name("none")) if line.what == "keys"]
    assert absent.state is State.UNKNOWN


def test_a_version_older_than_this_release_has_is_a_warning(world: World, file: Path) -> None:
    versions = attrs.evolve(TOPOLOGY.edge.versions, envoy="1.39.0")
    topology = attrs.evolve(TOPOLOGY, edge=attrs.evolve(TOPOLOGY.edge, versions=versions))
    what, where, state, text = only(file, topology)
    assert (what, where, state) == ("version", "envoy", "warning")
    assert text.startswith("1.39.0 is pinned; this release has ")


def test_a_route_behind_access_is_not_asked(world: World, file: Path) -> None:
    one, *others = TOPOLOGY.routing.routes
    behind = attrs.evolve(one, forwarding=Forwarding(access=True))
    routing = attrs.evolve(TOPOLOGY.routing, routes=(behind, *others))
    [line] = said(file, attrs.evolve(TOPOLOGY, routing=routing))
    assert (line.where, line.state) == (one.prefix, State.UNKNOWN)


def test_the_command_prints_a_table_or_json_and_ends_with_1_where_something_failed(
    world: World, file: Path
) -> None:
    up = trunkline("check", THREE, "--keys", file)
    assert (up.returncode, up.stderr) == (0, "20 ok\n")
    world.statuses[HOST] = 503
    down = trunkline("check", THREE, "--keys", file)
    assert down.returncode == 1
    assert f"failed  origin       {HOST}" in down.stdout
    done = trunkline("check", THREE, "--keys", file, "--format", "json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["topology"], data["up"]) == (1, "three-clouds", False)
    assert {each["state"] for each in data["checks"]} == {"ok", "failed"}


def test_a_topology_of_this_machine_is_asked_at_its_addresses() -> None:
    done = trunkline("check", ROOT / "topologies" / "local.yaml", "--format", "json")
    checks = json.loads(done.stdout)["checks"]
    assert done.returncode == 1
    assert {each["what"] for each in checks} == {"route", "origin", "keys"}
