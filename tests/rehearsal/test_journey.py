"""The whole journey with several topologies, and what is left of one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.examples import ROOT, THREE
from support.needs import REHEARSING, needs

pytestmark = [pytest.mark.slow, needs(*REHEARSING)]

ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'constructs'}:{ROOT / 'tests'}"}
COMMAND = [sys.executable, "-m", "rehearsal"]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """One site without probes, which is up in a few seconds."""
    text = THREE.read_text()
    head, _, rest = text.partition("  aws:")
    azure = rest[rest.index("  azure:") : rest.index("probes:")]
    routes = "probes: {enabled: false}\nrouting: {routes: {/: {site: azure}}}\n"
    path = tmp_path / "small.yaml"
    path.write_text(f"{head}{azure}{routes}")
    return path


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for all that a rehearsal writes; its path is short, as sockets want it."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


JOURNEYS = {
    # The targets of its table are for the reference topology alone.
    THREE: ("132 (", "the exact optimum of what was measured", "answers in"),
    ROOT / "tests" / "rehearsal" / "topologies" / "everything.yaml": (
        "2 batches",
        "the exact optimum of what was measured",
        "tls_client_auth on",
        "trunkline traffic",
    ),
    ROOT / "tests" / "rehearsal" / "topologies" / "replicas.yaml": (
        "one of several edges stops",
        "all edges are replaced, one after another",
    ),
    ROOT / "tests" / "rehearsal" / "topologies" / "public-replicas.yaml": (
        "trunkline check, while an edge is stopped",
        "one of several edges is replaced",
    ),
    # A load balancer in place of the Worker, which is given each new tunnel by another apply.
    ROOT / "tests" / "golden" / "topologies" / "load-balancer.yaml": ("/models",),
    ROOT / "topologies" / "backbone.yaml": (
        "services in aws",
        "the guide to services",
        "one of several edges is replaced",
        "edges that reach one another",
        "the keys of the backbone are rotated",
    ),
    ROOT / "tests" / "golden" / "topologies" / "nebula.yaml": (
        "services in aws",
        "edges that reach one another",
        "the keys of the backbone are rotated",
    ),
    # Origin Rules, which fail over to nobody, so that some drills have no occasion.
    ROOT / "tests" / "golden" / "topologies" / "every-feature.yaml": ("an apply fails",),
}
STEPS = ("trunkline check", "trunkline bench", "trunkline cost", "trunkline report")
DRILLS = (
    "a machine is stopped and started",
    "a machine is terminated",
    "a zone is cut off",
    "an apply fails in the middle",
    "a route, an upstream and the key come",
    "no machine was replaced",
    "under load: 10 changes of routes",
    "under load: kill Envoy",
    "under load: stop Envoy (SIGSTOP)",
    "under load: replace the edge",
    "under load: cut off the cloud",
    "POSTs that were sent twice",
    "a destroy stops half-way",
    "Terraform is killed",
    "Terraform is killed too late",
    "a site goes and comes back",
    "two topologies side by side",
)


@pytest.mark.parametrize("file", JOURNEYS, ids=lambda file: file.stem)
def test_a_topology_goes_up_measures_serves_survives_and_comes_down(file: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(file)],
        env={**ENVIRONMENT, "COLUMNS": "400"},  # or the table wraps its cells
        capture_output=True,
        text=True,
        timeout=1800,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (*STEPS, *JOURNEYS[file]):
        assert words in printed, words
    if "failover:" in file.read_text():
        assert [each for each in DRILLS if each not in printed] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize(
    "step", ["prepare the images", "make the keys", "request", "fail the apply"]
)
def test_nothing_is_left_of_a_rehearsal_that_is_cut_off_after_a_step(
    step: str, number: signal.Signals, small: Path, temporary: Path
) -> None:
    environment = {**ENVIRONMENT, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [*COMMAND, str(small)], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if step in line:
                break
        time.sleep(1)  # into the next step
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 20
    while left := [*of(process.pid), *map(str, temporary.iterdir())]:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def of(pid: int) -> Iterator[str]:
    """Namespaces, processes and folders of a rehearsal."""
    for place in ("/run/netns", "/sys/fs/cgroup"):
        yield from (str(path) for path in Path(place).glob(f"trunkline-*-{pid}-*"))
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = command.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"trunkline-boot-{pid}-" in text or f"trunkline-sky-{pid}-" in text:
            yield text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((str(ROOT / "topologies" / "local.yaml"),), "is of this machine: make demo shows it"),
        (("nowhere.yaml",), "nowhere.yaml:1:1: topology: there is no such file"),
    ],
)
def test_what_cannot_be_rehearsed_is_a_sentence(arguments: tuple[str, ...], message: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
