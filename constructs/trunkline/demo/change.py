"""A topology file with a changed route, as a user would edit it."""

from __future__ import annotations

import json
from pathlib import Path

from trunkline.documents.source import read_source
from trunkline.documents.write import write_whole
from trunkline.documents.yaml import parse_yaml
from trunkline.model import Route
from trunkline.topology import TOPOLOGY_FILE

MARK = "x-demo"  # a header of the responses of the changed route


def write_changed(file: Path, route: Route, target: Path) -> Path:
    """Write a copy of a topology whose `route` sets the header MARK in its responses."""
    data = parse_yaml(read_source(file, TOPOLOGY_FILE)).data
    written = data["routing"]["routes"][route.prefix]
    rules = dict(written.get("response_headers", {}))
    rules["set"] = {**rules.get("set", {}), MARK: "changed"}
    data["routing"]["routes"][route.prefix] = {**written, "response_headers": rules}
    write_whole(target, (json.dumps(data, indent=2) + "\n").encode())
    return target
