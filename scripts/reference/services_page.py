"""The page of the catalogue: a table of all services, then what is particular of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.reference.markdown import code, link, page, prose, table

from trunkline.model import PrivateEndpoint
from trunkline.model.catalogue import CatalogueEntry

HEADINGS = (
    "service",
    "title",
    "home",
    "port",
    "protocol",
    "authentication",
    "streaming",
    "private",
)


def services_page(entries: Sequence[CatalogueEntry], introduction: Sequence[str]) -> str:
    """Every entry: one row for each, and a section with its hosts, endpoints and sources."""
    parts = [part for entry in entries for part in _section(entry)]
    return page("Services", *introduction, table(HEADINGS, map(_row, entries)), *parts)


def _row(entry: CatalogueEntry) -> tuple[str, ...]:
    return (
        link(entry.name),
        prose(entry.title),
        code(entry.home) if entry.home else "",
        "yours" if entry.port is None else str(entry.port),
        code(entry.protocol),
        _codes(entry.authentication),
        _codes(entry.streaming),
        _codes(sorted({each.kind for each in entry.private})),
    )


def _section(entry: CatalogueEntry) -> Iterator[str]:
    yield f"## {code(entry.name)}"
    yield f"{prose(entry.title)}. {prose(entry.regions or '')}".rstrip()
    yield f"**{prose(entry.closed)}**" if entry.closed else ""
    yield "\n".join(f"- {code(host)}" for host in entry.hosts)
    yield table(
        ("variable", "meaning"), [(code(name), prose(it)) for name, it in entry.meanings.items()]
    )
    yield table(
        ("private endpoint", "of", "your resource", "zone", "hosts"),
        [_endpoint(each, entry) for each in entry.private],
    )
    yield prose(entry.notes or "")
    yield f"*Not verified*: {prose(entry.unverified)}" if entry.unverified else ""
    yield f"Looked up on {entry.date}: {', '.join(f'<{source}>' for source in entry.sources)}."


def _endpoint(endpoint: PrivateEndpoint, entry: CatalogueEntry) -> tuple[str, ...]:
    hosts = "all" if endpoint.hosts == entry.hosts else _codes(endpoint.hosts)
    resource, zone = (
        code(each) if each else "" for each in (endpoint.resource_type, endpoint.zone)
    )
    return code(endpoint.kind), code(endpoint.service), resource, zone, hosts


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(code, texts))
