"""main.py, as `cdktf synth` and remote runs start it."""

from __future__ import annotations

from pathlib import Path

from support.command import Done, main_py
from support.examples import ROOT

GOOD = (ROOT / "topologies" / "one-cloud.yaml").read_text()


def run(folder: Path, **environment: str) -> Done:
    """Run main.py in `folder`, with no topology named unless `environment` does."""
    return main_py(folder, {"TRUNKLINE_TOPOLOGY": None, "CDKTF_OUTDIR": None, **environment})


def stacks(folder: Path) -> set[str]:
    return {path.name for path in (folder / "cdktf.out" / "stacks").iterdir()}


def test_it_reads_the_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "topology.yaml").write_text("not read")
    assert run(tmp_path, TRUNKLINE_TOPOLOGY="mine.yaml").returncode == 0
    assert stacks(tmp_path) == {"zones-main", "edge-main", "probes-main", "routing"}


def test_else_topology_yaml_and_else_the_default_example(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    assert "edge-azure" in stacks(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "topology.yaml").write_text(GOOD)
    assert run(other).returncode == 0
    assert "edge-main" in stacks(other)


def test_a_mistake_is_told_in_a_line_and_the_old_output_stays(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text(GOOD)
    assert run(tmp_path).returncode == 0
    stack = tmp_path / "cdktf.out" / "stacks" / "routing" / "cdk.tf.json"
    before = stack.read_bytes()
    (tmp_path / "topology.yaml").write_text(GOOD.replace("site: main", "site: mian"))
    failed = run(tmp_path)
    assert failed.returncode == 2
    assert "topology.yaml:" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert stack.read_bytes() == before


def test_a_missing_file_is_told_in_a_line(tmp_path: Path) -> None:
    failed = run(tmp_path, TRUNKLINE_TOPOLOGY="gone.yaml")
    assert failed.returncode == 2
    assert failed.stderr.startswith("gone.yaml:")
    assert "Traceback" not in failed.stderr
