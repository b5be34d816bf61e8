"""`trunkline bench`: what it asks, what it prints, and what it refuses."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.bench import a_round, results
from support.command import trunkline
from support.examples import ROOT
from support.guides import GUIDES, blocks

from trunkline.bench.drive import Tools, Variant
from trunkline.bench.results import Run, Settings, load_results

LOCAL, THREE = "topologies/local.yaml", "topologies/three-clouds.yaml"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[Variant]:
    """The tools, played; the variants that they were asked to measure."""
    asked: list[Variant] = []

    def measure(self: Tools, variant: Variant) -> Sequence[Run]:
        asked.append(variant)
        return [
            Run(variant.name, each.tool, 100, 5, None, 9, None, 0) for each in a_round(1, 1)[:2]
        ]

    def find(settings: Settings) -> Tools:
        return Tools("wrk", Path("autocannon.js"), settings, {"wrk": "4", "autocannon": "9"})

    monkeypatch.setattr(Tools, "find", staticmethod(find))
    monkeypatch.setattr(Tools, "measure", measure)
    monkeypatch.setattr(Tools, "warm_up", lambda self, variant: None)
    return asked


def test_the_first_route_is_measured_and_its_results_are_kept(
    played: list[Variant], tmp_path: Path
) -> None:
    output = tmp_path / "r.json"
    done = trunkline("bench", LOCAL, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "round 6 of 6: ingress" in done.stderr
    assert "ingress       5.00    9.00      100.00       0" in done.stdout
    kept = load_results(output)
    assert (kept.vary, len(kept.rounds), kept.complete) == ("nothing", 6, True)


def test_direct_and_site_are_variants_and_are_compared(
    played: list[Variant], tmp_path: Path
) -> None:
    for vary, names in (("direct", {"ingress", "direct"}), ("site", None)):
        output = tmp_path / f"{vary}.json"
        done = trunkline("bench", "run", LOCAL, "--vary", vary, "--output", output)
        assert done.returncode == 0, done.stderr
        assert "latency: no difference found in " in done.stdout
        found = set(load_results(output).variants)
        assert found == names if names else len(found) > 1


def test_an_edge_in_a_cloud_gets_its_key_which_is_not_written(
    played: list[Variant], tmp_path: Path
) -> None:
    env = {"TF_VAR_edge_key": "ab" * 32}
    options = ("--vary", "direct", "--yes", "--rounds", 1, "--output", tmp_path / "r.json")
    done = trunkline("bench", THREE, *options, "--keys", tmp_path / "none", env=env)
    assert done.returncode == 0, done.stderr
    assert "ab" * 32 in played[1].headers.values()
    assert not played[0].headers
    assert "abab" not in (tmp_path / "r.json").read_text()
    done = trunkline(
        "bench", THREE, *options, "--keys", tmp_path / "none", env={**env, "TF_VAR_edge_key": None}
    )
    assert done.returncode == 2
    assert "an edge answers only with its key" in done.stderr


def test_hosts_of_the_internet_are_not_loaded_unasked(played: list[Variant]) -> None:
    done = trunkline("bench", THREE)
    assert (done.returncode, played) == (2, [])
    assert "is on the internet; give --yes" in done.stderr


@pytest.mark.parametrize("vary", ["zone", "network-tier", "worker-placement"])
def test_what_cannot_be_varied_is_refused_with_the_way_that_there_is(vary: str) -> None:
    done = trunkline("bench", LOCAL, "--vary", vary)
    assert done.returncode == 2
    assert "trunkline bench compare before.json after.json" in done.stderr


def test_each_public_edge_is_a_variant_by_its_zone(played: list[Variant], tmp_path: Path) -> None:
    topology = ROOT / "tests" / "golden" / "topologies" / "public-replicas.yaml"
    env = {"TF_VAR_edge_key": "ab" * 32}
    options = ("--vary", "zone", "--yes", "--rounds", 1, "--output", tmp_path / "r.json")
    done = trunkline("bench", topology, *options, "--keys", tmp_path / "none", env=env)
    assert done.returncode == 0, done.stderr
    variants = load_results(tmp_path / "r.json").variants
    assert len(variants) > 1
    assert len(set(variants.values())) == len(variants), "each has a name of its own"


def test_smart_routing_is_varied_only_where_it_was_bought() -> None:
    done = trunkline("bench", THREE, "--vary", "smart-routing", "--yes")
    assert done.returncode == 2
    assert "the zone has not bought it" in done.stderr


def test_an_unknown_route_is_refused_with_those_that_there_are() -> None:
    done = trunkline("bench", LOCAL, "--route", "/other")
    assert done.returncode == 2
    assert "choose one of /api/" in done.stderr


def test_ctrl_c_keeps_whole_rounds(
    played: list[Variant], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = Tools.measure

    def measure(self: Tools, variant: Variant) -> Sequence[Run]:
        if len(played) == 2:
            raise KeyboardInterrupt
        return whole(self, variant)

    monkeypatch.setattr(Tools, "measure", measure)
    done = trunkline("bench", LOCAL, "--output", tmp_path / "r.json")
    assert done.returncode == 130
    assert "2 rounds are kept" in done.stderr
    assert not load_results(tmp_path / "r.json").complete


def test_comparing_prints_ratio_interval_and_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    results(12, slower=1.5).save(file)
    done = trunkline("bench", "compare", file)
    assert done.returncode == 0
    assert re.search(r"direct / ingress  1\.500  1\.49\d to 1\.50\d \(96\.5%\)", done.stdout)
    assert "latency: direct is worse than ingress: higher by 50.0%" in done.stdout
    data = json.loads(trunkline("bench", "compare", file, "--format", "json").stdout)
    assert data["comparisons"][0]["verdict"] == "different"


def test_too_few_rounds_have_an_exit_code(tmp_path: Path) -> None:
    results(3).save(tmp_path / "r.json")
    done = trunkline("bench", "compare", tmp_path / "r.json")
    assert done.returncode == 1
    assert "not enough rounds: 3 were compared, 6 are needed" in done.stdout


def test_one_variant_needs_another_file(played: list[Variant], tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        trunkline("bench", LOCAL, "--output", tmp_path / name)
    assert trunkline("bench", "compare", tmp_path / "a.json").returncode == 2
    done = trunkline("bench", "compare", tmp_path / "a.json", tmp_path / "b.json")
    assert done.returncode == 0
    assert "measured one after the other" in done.stderr


def test_the_commands_of_the_guide_run(played: list[Variant], tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text((ROOT / LOCAL).read_text())
    guide = next(guide for guide in GUIDES if guide.stem == "bench")
    text = "\n".join(block.text for block in blocks(guide) if block.language == "sh")
    lines = [line for line in text.splitlines() if line.startswith("trunkline bench")]
    assert len(lines) > 4
    for line in lines:
        done = trunkline(*shlex.split(line)[1:], folder=tmp_path)
        assert done.returncode == 0, (line, done.stderr)
