"""The catalogue: one file for each service, `<name>.yaml`, read when it is first asked for.

Each says where its facts are documented and when they were looked up. A service that is not here is
described in the topology in the same words.
"""

from __future__ import annotations

from functools import cache
from os import PathLike
from pathlib import Path

from trunkline.documents.explain import nearest
from trunkline.documents.findings import FindingsError
from trunkline.documents.schema import find_problems
from trunkline.documents.source import FileKind, read_source
from trunkline.documents.yaml import parse_yaml
from trunkline.errors import ConfigurationError
from trunkline.model.catalogue import CatalogueEntry
from trunkline.services.check import check_entry
from trunkline.services.entry import build_entry

SCHEMA = "catalogue"
CATALOGUE_FILE = FileKind(SCHEMA, max_bytes=64 * 1024, remedy="start from another entry")

_FOLDER = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """The names of all services in the catalogue, sorted; no file is read for it."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@cache
def entry(name: str) -> CatalogueEntry:
    """The entry of a service; ConfigurationError where there is none of that name."""
    if name not in names():
        match = nearest(name, names())
        remedy = f"did you mean {match}?" if match else f"choose from: {', '.join(names())}"
        raise ConfigurationError(f"the catalogue has no service {name!r}; {remedy}")
    return read_entry(_FOLDER / f"{name}.yaml")


def read_entry(path: str | PathLike[str]) -> CatalogueEntry:
    """The entry in a file, by whose name it is called; FindingsError with every mistake in it."""
    document = parse_yaml(read_source(path, CATALOGUE_FILE))
    problems = list(find_problems(document, SCHEMA)) or list(check_entry(document.data))
    findings = [*document.findings, *map(document.finding, problems)]
    if findings:
        raise FindingsError(findings)
    return build_entry(Path(path).stem, document.data)
