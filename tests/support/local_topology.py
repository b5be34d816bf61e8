"""The default topology at addresses of its own, so that tests may run beside one another."""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from attrs import frozen

from support.examples import ROOT
from support.loopback import free_port
from support.workerd import workerd_or_skip

_numbers = itertools.count()


@frozen
class Place:
    """A copy of topologies/local.yaml that nobody else uses; `url` is where its ingress answers."""

    file: Path
    url: str
    workerd: Path


def local_place(folder: Path, latency: bool = True, **replacements: str) -> Place:
    """Write the topology to `folder`; `replacements` change its text, old to new."""
    workerd = workerd_or_skip()
    text = (ROOT / "topologies" / "local.yaml").read_text()
    for old, new in replacements.items():
        assert old in text, old
        text = text.replace(old, new)
    if not latency:  # its rows name zones that may be replaced
        text = re.sub(r"  latency_ms:\n(    .*\n)+", "", text)
    port = free_port()
    file = folder / "topology.yaml"
    file.write_text(_moved(text).replace("port: 8000", f"port: {port}"))
    return Place(file, f"http://127.0.0.1:{port}", workerd)


def _moved(text: str) -> str:
    """Other parts of 127.0.0.0/8, by process of the test run and by call."""
    worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "0")) or 0)
    base = 40 + 100 * (worker % 2) + 3 * (next(_numbers) % 30)
    for offset, second in enumerate((10, 20, 30)):
        text = text.replace(f"127.{second}.0.0/16", f"127.{base + offset}.0.0/16")
    return text


def ask(url: str) -> Any:
    """The JSON that a GET request gets."""
    with urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())
