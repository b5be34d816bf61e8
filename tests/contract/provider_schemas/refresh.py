"""Fetch the schemas of the pinned providers anew: `make provider-schemas`. Needs the internet.

The schemas beside this file are what `terraform providers schema -json` prints, without prose and
cut down to the types that the files hold already. Each file name carries the version that its
schema came from. To add types, name them: `refresh.py google_compute_disk data.aws_ebs_volume`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PINS = HERE / "pins.json"
PROSE = {"description", "description_kind", "deprecation_message"}
KINDS = {"resource_schemas": "", "data_source_schemas": "data."}

Json = dict[str, Any]


class RefreshError(Exception):
    """The schemas could not be fetched; the message says what to do."""


def main(extra_types: Iterable[str]) -> int:
    """Refresh every file of the folder; 1 where that cannot be done."""
    pins: dict[str, str] = json.loads(PINS.read_text())
    try:
        fetched = fetch(pins)
        wanted = held_types() | set(extra_types)
        trimmed = {source: trim(schema, wanted) for source, schema in fetched.items()}
        refuse_unknown(set(extra_types), trimmed)
    except RefreshError as error:
        print(error, file=sys.stderr)
        return 1
    for source, schema in trimmed.items():
        print(f"wrote {replace_file(source, pins[source], schema).name}")
    return 0


def fetch(pins: dict[str, str]) -> dict[str, Json]:
    """The full schema of each pinned provider, by its source address without a host."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.tf.json").write_text(json.dumps(configuration(pins)))
        terraform(folder, "init", "-backend=false", "-input=false", "-no-color")
        printed = json.loads(terraform(folder, "providers", "schema", "-json"))
    by_address: dict[str, Json] = printed["provider_schemas"]
    return {short_address(address): schema for address, schema in by_address.items()}


def configuration(pins: dict[str, str]) -> Json:
    """A configuration that requires every provider at its pinned version, and nothing else."""
    providers = {
        source.split("/")[1]: {"source": source, "version": version}
        for source, version in pins.items()
    }
    return {"terraform": {"required_providers": providers}}


def terraform(folder: str, *arguments: str) -> str:
    """What a Terraform command prints; its own words are part of the error where it fails."""
    try:
        done = subprocess.run(
            ["terraform", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise RefreshError(
            "terraform is not on the PATH: install it, then run this again"
        ) from None
    if done.returncode:
        raise RefreshError(
            f"terraform {arguments[0]} failed. Fetching provider schemas needs the internet "
            f"(registry.terraform.io); the files here stay as they are.\n\n{done.stderr.strip()}"
        )
    return done.stdout


def short_address(address: str) -> str:
    """`registry.terraform.io/hashicorp/aws` as `hashicorp/aws`."""
    return "/".join(address.split("/")[-2:])


def held_types() -> set[str]:
    """The types that the files hold now; data sources as `data.<type>`."""
    return {
        prefix + name
        for path in schema_files()
        for schema in json.loads(path.read_text())["provider_schemas"].values()
        for kind, prefix in KINDS.items()
        for name in schema.get(kind, {})
    }


def schema_files() -> list[Path]:
    """The schema files of this folder: `<provider>-<version>.json`."""
    return sorted(HERE.glob("*-[0-9]*.json"))


def trim(schema: Json, wanted: set[str]) -> Json:
    """The provider's own block and the wanted types, without prose."""
    kept: Json = {"provider": without_prose(schema["provider"])}
    for kind, prefix in KINDS.items():
        held = {k: v for k, v in schema.get(kind, {}).items() if prefix + k in wanted}
        kept[kind] = {name: without_prose(held[name]) for name in sorted(held)}
    return kept


def without_prose(node: Any) -> Any:
    """The same schema node without what only people read.

    Only a node's own keys are prose: under `attributes` and `block_types` the keys are names, and
    many an attribute is called `description`.
    """
    if not isinstance(node, dict):
        return node
    return {
        key: {name: without_prose(inner) for name, inner in sorted(value.items())}
        if key in ("attributes", "block_types")
        else without_prose(value)
        for key, value in sorted(node.items())
        if key not in PROSE
    }


def refuse_unknown(extra: set[str], trimmed: dict[str, Json]) -> None:
    """Complain about a type named on the command line that no provider has."""
    found = {
        prefix + name
        for schema in trimmed.values()
        for kind, prefix in KINDS.items()
        for name in schema[kind]
    }
    if missing := sorted(extra - found):
        raise RefreshError(f"no pinned provider has these types: {', '.join(missing)}")


def replace_file(source: str, version: str, schema: Json) -> Path:
    """Write one provider's file atomically, and drop the file of its former version."""
    name = source.split("/")[1]
    path = HERE / f"{name}-{version}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(render(source, schema))
    partial.replace(path)
    for old in set(HERE.glob(f"{name}-[0-9]*.json")) - {path}:
        old.unlink()
    return path


def render(source: str, schema: Json) -> str:
    """Compact JSON with one line for each type, so that a diff shows which types changed."""
    parts = [f'"provider":{compact(schema["provider"])}']
    for kind in KINDS:
        lines = [f"{compact(name)}:{compact(block)}" for name, block in schema[kind].items()]
        parts.append(f'"{kind}":{{\n' + ",\n".join(lines) + "\n}")
    body = ",\n".join(parts)
    return f'{{"format_version":"1.0","provider_schemas":{{"{source}":{{\n{body}\n}}}}}}\n'


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
