"""The agent's configuration file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trunkline.clouds.aws.facts import METADATA as AWS
from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.probing import agent

METADATA = AWS.to_config()

GOOD: dict[str, Any] = {
    "version": 1,
    "site": "aws",
    "cloud": "aws",
    "zone": "us-east-1a",
    "port": 8100,
    "key_file": "/run/trunkline-probe/key",
    "peers": [
        {"site": "aws", "zone": "us-east-1a", "host": "a.example.com"},
        {"site": "google", "zone": "us-east4-a", "host": "192.0.2.1", "port": 9000},
    ],
}


def run(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", agent.__file__, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def test_a_missing_key_has_its_default() -> None:
    config = agent.Config(GOOD)
    assert (config.samples, config.interval_seconds, config.sweeps) == (200, 600, 0)
    assert config.name == "aws/us-east-1a"


def test_the_last_valid_port_leaves_the_next_one_free() -> None:
    assert agent.Config({**GOOD, "port": 65534}).port == 65534


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 2),
        ("site", ""),
        ("cloud", ""),
        ("address", "localhost"),
        ("port", 65535),
        ("port", "8100"),
        ("port", True),
        ("operators", "0.0.0.0/0"),
        ("operators", ["example.com"]),
        ("operators", ["2001:db8::/32"]),
        ("peers", []),
        ("peers", [{"site": "aws", "zone": "us-east-1a"}]),
        ("samples", 0),
        ("samples", 1.5),
        ("pause_ms", -1),
        ("sweeps", None),
        ("emulated_ms", {"google/us-east4-a": "1"}),
        ("physical_zone", 4),
        ("metadata", "169.254.169.254:80"),
        ("metadata", {**METADATA, "address": ""}),
        ("metadata", {**METADATA, "requests": [{"path": "/"}]}),
        ("metadata", {**METADATA, "requests": [{**METADATA["requests"][0], "headers": [1]}]}),
        ("metadata", {**METADATA, "requests": [{**METADATA["requests"][0], "method": None}]}),
    ],
)
def test_a_wrong_value_is_named_by_its_key(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{key} must "):
        agent.Config({**GOOD, key: value})


def test_a_misspelled_key_is_named() -> None:
    with pytest.raises(ValueError, match=r"there is no key sample$"):
        agent.Config({**GOOD, "sample": 10})


def test_the_peers_name_every_zone_once() -> None:
    with pytest.raises(ValueError, match="aws/us-east-1b included"):
        agent.Config({**GOOD, "zone": "us-east-1b"})
    with pytest.raises(ValueError, match="every zone once"):
        agent.Config({**GOOD, "peers": [*GOOD["peers"], GOOD["peers"][1]]})


def test_only_agents_on_loopback_emulate_distances() -> None:
    config = {**GOOD, "emulated_ms": {"google/us-east4-a": 1.5}}
    on_loopback = agent.Config({**config, "address": "127.10.0.1"})
    assert on_loopback.emulated_ms == config["emulated_ms"]
    with pytest.raises(ValueError, match="emulated_ms is for an address of loopback only"):
        agent.Config(config)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_how_a_cloud_asks_its_metadata_service_is_valid(cloud: str) -> None:
    query = facts_of(cloud).metadata
    config = query.to_config() if query else None
    assert agent.Config({**GOOD, "metadata": json.loads(json.dumps(config))}).metadata == config


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', "\xff", "[" * 100_000])
def test_a_bad_file_ends_the_agent_with_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "probe.json"
    path.write_bytes(text.encode("latin-1"))
    done = run(path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}: ")
    assert done.stderr.count("\n") == 1


def test_a_missing_file_ends_the_agent_with_one_line(tmp_path: Path) -> None:
    done = run(tmp_path / "no.json")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no.json" in done.stderr


def test_an_address_that_cannot_be_bound_is_named(tmp_path: Path) -> None:
    path = tmp_path / "probe.json"
    path.write_text(json.dumps({**GOOD, "address": "192.0.2.1"}))
    done = run(path)
    assert done.returncode == 2
    assert "192.0.2.1:8100" in done.stderr
