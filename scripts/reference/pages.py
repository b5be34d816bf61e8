"""Which pages there are, and what each is made of."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from scripts.reference.schema_page import schema_page

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"

SERVICES = (
    "The catalogue of services, from `trunkline/services/catalogue`: which hosts their clients "
    "call, and what an edge must know of them. In hosts `{region}` stands for the region of the "
    "service's site, every other variable for a value that you give, and a leading `*.` for every "
    "name below.",
    "`authentication` names the usual way first. Where it holds `sigv4`, clients may sign the name "
    "of the host, so that the service works under its own name only. The SDKs of Azure send tokens "
    "of `entra` over TLS only. Where credentials come from is not part of a service: an edge does "
    "not carry `sts.amazonaws.com`, `oauth2.googleapis.com` or `login.microsoftonline.com` unless "
    "they are services of their own.",
    "An edge passes whatever the hosts name, also what belongs to others: `s3` is every bucket. "
    "Who may do what remains with the service.",
)


def topology() -> str:
    introduction = (
        "Every property of a topology file, from `schemas/topology.schema.json`. The folder "
        "`topologies` has whole examples."
    )
    return schema_page(_schema("topology"), "The topology file", introduction, _yaml)


def measurements() -> str:
    introduction = (
        "Every property of a measurement file, from `schemas/measurements.schema.json`. "
        "`trunkline collect` and `trunkline measurements import-pkb` write such files."
    )
    return schema_page(_schema("measurements"), "The measurement file", introduction, _json)


def bench() -> str:
    introduction = (
        "Every property of a load test's results, from `schemas/bench.schema.json`. "
        "`trunkline bench` writes such files."
    )
    return schema_page(_schema("bench"), "The file of a load test", introduction, _json)


def prices() -> str:
    introduction = (
        "Every property of a file for `trunkline cost --prices`, from "
        "`schemas/prices.schema.json`. The prices that trunkline has itself are such a file: "
        "`constructs/trunkline/cost/prices.json`."
    )
    return schema_page(_schema("prices"), "The file of prices", introduction, _yaml)


def cli() -> str:
    import typer
    from scripts.reference.cli_page import cli_page

    from trunkline.cli.app import app

    return cli_page(typer.main.get_command(app), "trunkline")


def constructs() -> str:
    from scripts.reference.construct_page import construct_page
    from scripts.reference.example_sites import example_sites
    from scripts.reference.synthesized import made

    import trunkline

    public = [getattr(trunkline, name) for name in trunkline.__all__]
    return construct_page(public, made(list(example_sites(_schema("topology")))))


def services() -> str:
    from scripts.reference.services_page import services_page

    from trunkline.services import catalogue

    return services_page([catalogue.entry(name) for name in catalogue.names()], SERVICES)


PAGES: Mapping[str, Callable[[], str]] = {
    "topology.md": topology,
    "measurements.md": measurements,
    "prices.md": prices,
    "bench.md": bench,
    "cli.md": cli,
    "constructs.md": constructs,
    "services.md": services,
}


def _schema(name: str) -> dict[str, Any]:
    path = ROOT / "schemas" / f"{name}.schema.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _yaml(example: Any) -> str:
    text = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(example, text)
    return f"```yaml\n{text.getvalue()}```"


def _json(example: Any) -> str:
    return f"```json\n{json.dumps(example, indent=2)}\n```"
