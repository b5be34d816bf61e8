"""The command as a process: output, exit codes, signals, and what it imports."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import trunkline
from support.examples import ROOT

EXAMPLE = "topologies/local.yaml"
BROKEN = "tests/schema/invalid/many-at-once.yaml"
WARNED = "tests/schema/valid/warn-http.yaml"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "constructs"), "TERM": "xterm"}


def test_a_valid_file_is_summarized() -> None:
    done = trunkline("validate", EXAMPLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{EXAMPLE}: valid: 3 sites, 12 zones, 3 routes, 7 stacks\n"


def test_an_invalid_file_gives_every_mistake() -> None:
    done = trunkline("validate", BROKEN)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[-1] == "6 errors, 0 warnings"
    assert len(lines) == 7
    assert lines[1].startswith(f"{BROKEN}:8:1: domian: ")


def test_warnings_do_not_change_the_exit_code() -> None:
    done = trunkline("validate", WARNED)
    assert done.returncode == 0
    assert "valid: 1 site, 2 zones, 1 route, 4 stacks" in done.stdout
    assert done.stderr.endswith("\n0 errors, 1 warning\n")


def test_collect_requires_a_topology() -> None:
    done = trunkline("collect", env={"COLUMNS": "80"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing argument 'TOPOLOGY'" in done.stderr


def test_several_files_are_checked() -> None:
    done = trunkline("validate", EXAMPLE, "nowhere.yaml")
    assert done.returncode == 2
    assert "valid" in done.stdout
    assert "nowhere.yaml:1:1: topology: there is no such file" in done.stderr


def test_json_is_one_object() -> None:
    done = trunkline("validate", "--format", "json", EXAMPLE, BROKEN)
    assert (done.returncode, done.stderr) == (2, "")
    report = json.loads(done.stdout)
    assert report["valid"] is False
    assert report["files"] == [
        {"file": EXAMPLE, "valid": True},
        {"file": BROKEN, "valid": False},
    ]
    assert len(report["findings"]) == 6
    assert report["findings"][1] == {
        "file": BROKEN,
        "line": 8,
        "column": 1,
        "path": "domian",
        "message": 'the key "domian" is unknown',
        "remedy": "did you mean domain?",
        "level": "error",
    }


def test_validate_writes_no_file(tmp_path: Path) -> None:
    (tmp_path / "cdktf.out").mkdir()
    (tmp_path / "cdktf.out" / "manifest.json").write_text("as it was")
    assert trunkline("validate", ROOT / BROKEN, folder=tmp_path).returncode == 2
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert files == ["cdktf.out", "cdktf.out/manifest.json"]
    assert (tmp_path / "cdktf.out" / "manifest.json").read_text() == "as it was"


@pytest.mark.parametrize("arguments", [("collect",), ("bogus",), ("validate", "--format", "xml")])
def test_wrong_arguments_print_the_usage(arguments: tuple[str, ...]) -> None:
    done = trunkline(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "Usage: trunkline" in done.stderr


def test_help_and_version_are_printed() -> None:
    assert "validate" in trunkline("--help").stdout
    assert "file:line:column" in trunkline("validate", "--help").stdout
    assert trunkline("--version").stdout.startswith("trunkline ")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_names_are_printed_on_terminals_that_lack_the_characters(
    tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "東京.yaml"
    file.write_bytes((ROOT / EXAMPLE).read_bytes())
    done = trunkline("validate", file, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "valid: 3 sites" in done.stdout


def test_a_closed_pipe_is_not_an_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "trunkline", "validate", "--format", "json", *[BROKEN] * 30],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait(timeout=60)


def test_an_interrupt_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(file: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trunkline.topology.check_file", interrupted)
    done = trunkline("validate", EXAMPLE)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_traceback(tmp_path: Path) -> None:
    code = (
        "import time, trunkline.topology as t\n"
        "def slow(_):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "t.check_file = slow\n"
        "from trunkline.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "validate", EXAMPLE],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def on_a_terminal(**environment: str) -> bytes:
    """What `validate` prints on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "trunkline", "validate", BROKEN],
        cwd=ROOT,
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    output = b""
    try:
        while part := os.read(ours, 65536):
            output += part
    except OSError:  # Linux ends a pseudo-terminal with an error.
        pass
    process.wait(timeout=20)
    os.close(ours)
    return output


@pytest.mark.slow
def test_a_real_terminal_gets_color() -> None:
    assert b"\x1b[31m" in on_a_terminal()
    assert b"\x1b[" not in on_a_terminal(NO_COLOR="1")


def test_color_on_a_terminal_only() -> None:
    plain = {"NO_COLOR": None, "TERM": "xterm"}
    assert "\x1b[31m" in trunkline("validate", BROKEN, terminal=True, env=plain).stderr
    for variable in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        done = trunkline("validate", BROKEN, terminal=True, env={**plain, **variable})
        assert "\x1b[" not in done.stderr
    assert "\x1b[" not in trunkline("validate", BROKEN, env=plain).stderr


def test_validate_loads_no_framework() -> None:
    watch = (
        "import atexit, resource, sys\n"
        "from trunkline.cli import main\n"
        "def report():\n"
        "    heavy = {'cdktf', 'constructs', 'jsii', 'rich', 'pygments'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
        "atexit.register(report)\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch, "validate", EXAMPLE],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.stderr == "[]\n"


def test_without_a_file_it_is_topology_yaml(tmp_path: Path) -> None:
    text = (ROOT / EXAMPLE).read_text().replace("../schemas", "schemas")
    (tmp_path / "topology.yaml").write_text(text)
    done = trunkline("validate", folder=tmp_path)
    assert done.stdout.startswith("topology.yaml: valid: 3 sites")


def test_a_hyphen_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / EXAMPLE).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert trunkline("validate", "-").stdout.startswith("-: valid: 3 sites")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"name: 5\n")))
    assert "<stdin>:1:7: name: 5 stands where text belongs" in trunkline("validate", "-").stderr


@pytest.mark.parametrize("option", [("--format", "json"), ("--format=json",)])
def test_an_error_is_json_as_well(option: tuple[str, ...], tmp_path: Path) -> None:
    done = trunkline("synth", ROOT / BROKEN, *option, folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    report = json.loads(done.stdout)
    assert [finding["line"] for finding in report["findings"]] == [7, 8, 14, 17, 17, 21]
    assert report["error"].startswith(f"{ROOT / BROKEN}:7:7: name:")
    assert list(tmp_path.iterdir()) == []


def test_an_error_without_findings_is_json_as_well(tmp_path: Path) -> None:
    done = trunkline("local", "logs", "nobody", folder=tmp_path)
    assert done.stderr
    options = ("--format", "json", "--physical-zones", "x.json")
    done = trunkline("zones", "measurements.json", *options, folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert json.loads(done.stdout) == {
        "error": "--physical-zones needs a topology; add --topology FILE",
        "findings": [],
    }
