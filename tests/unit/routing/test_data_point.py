"""That Python finds what the Worker writes."""

from __future__ import annotations

import re

from support.examples import ROOT

from trunkline.routing import COLUMNS

WRITTEN = {
    "prefix": "route",
    'origin?.site ?? ""': "site",
    'failed.join(", ")': "failed",
    "request.method": "method",
    "response.status": "status",
    "Date.now() - began": "milliseconds",
}


def test_the_columns_are_in_the_order_in_which_the_worker_writes_them() -> None:
    script = (ROOT / "constructs" / "trunkline" / "routing" / "worker.js").read_text()
    found = {}
    for kind in ("blob", "double"):
        [values] = re.findall(rf"\b{kind}s: \[(.*)\],", script)
        for number, value in enumerate(values.split(", ") if kind == "double" else blobs(values)):
            found[WRITTEN[value]] = f"{kind}{number + 1}"
    assert found == dict(COLUMNS)


def blobs(values: str) -> list[str]:
    """The parts between commas that are in no text."""
    return [each.strip() for each in re.findall(r'(?:[^,"]|"[^"]*")+', values)]
