"""The tools are found, and their times corrected for answers that hold up requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trunkline.bench import drive
from trunkline.bench.drive import Tools, Variant, corrected, percentile
from trunkline.bench.load import LoadError
from trunkline.bench.results import Settings

SETTINGS = Settings(1, 1, 10, 100)
TOOLS = Tools("wrk", Path("autocannon.js"), SETTINGS, {})
VARIANT = Variant("direct", "http://127.0.0.1", {})


def test_a_late_answer_counts_for_the_requests_that_it_held_up() -> None:
    assert corrected([5, 350, 7], every=100) == [5, 350, 7, 250, 150, 50]
    assert corrected([5, 100], every=100) == [5, 100]


def test_percentiles_are_times_that_were_measured() -> None:
    times = [float(each) for each in range(1, 101)]
    assert [percentile(times, part) for part in (50, 90, 99, 100)] == [50, 90, 99, 100]
    assert percentile([3.0], 50) == 3.0


def test_every_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match=r"wrk is not on PATH.*autocannon is in no node_modules"):
        Tools.find(SETTINGS)


def test_tools_of_unknown_versions_are_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    wrk = tmp_path / "wrk"
    wrk.write_text("#!/bin/sh\necho wrk 4.2.0\nexit 1\n")
    wrk.chmod(0o755)
    script = tmp_path / "node_modules" / "autocannon" / "autocannon.js"
    script.parent.mkdir(parents=True)
    script.touch()
    with pytest.raises(LoadError, match=r"package.json names no version"):
        Tools.find(SETTINGS)
    script.with_name("package.json").write_text('{"version": "9.9.9"}')
    assert Tools.find(SETTINGS).versions == {"wrk": "4.2.0", "autocannon": "9.9.9"}
    wrk.write_text("#!/bin/sh\necho something else\n")
    with pytest.raises(LoadError, match="does not print its version"):
        Tools.find(SETTINGS)


@pytest.mark.parametrize("printed", ["{}", "nothing", "[]", '{"milliseconds": [{}]}'])
def test_unknown_output_of_autocannon_is_an_error(
    monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    monkeypatch.setattr(drive, "run_tool", lambda *_: printed)
    with pytest.raises(LoadError, match="the output of autocannon is not understood"):
        TOOLS.measure(VARIANT)


def test_a_target_without_an_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = json.dumps({"milliseconds": [], "errors": 9, "timeouts": 0, "non2xx": 1})
    monkeypatch.setattr(drive, "run_tool", lambda *_: printed)
    with pytest.raises(LoadError, match="has answered no request with 2xx: 10 errors"):
        TOOLS.warm_up(VARIANT)
