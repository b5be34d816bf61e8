"""Certificate authorities: files beside the topology, and what is wrong with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trunkline.documents.findings import KeyPath, Problem
from trunkline.documents.source import FileKind, UnreadableError, read_source

BEGIN = "-----BEGIN"
CERTIFICATES = FileKind(
    "certificates", max_bytes=32 * 1024, remedy="name the authority's own certificate alone"
)


def read_authorities(data: Any, folder: Path) -> Iterator[Problem]:
    """Put the text of each file in place of its name in `data`; yield why where that fails.

    `data` is a topology that fits the schema; what cannot be read becomes None.
    """
    for path, holder in _holders(data):
        name = holder.get("ca")
        if not isinstance(name, str) or BEGIN in name:
            continue
        try:
            holder["ca"] = read_source(folder / name, CERTIFICATES).text
        except UnreadableError as unreadable:
            holder["ca"] = None
            for finding in unreadable.findings:
                message = f"{name}, beside the topology: {finding.message}"
                yield Problem((*path, "ca"), message, finding.remedy)


def _holders(data: Any) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The path and the mapping of everything that may have a `ca`."""
    yield ("edge", "control_plane"), _mapping(_mapping(data, "edge"), "control_plane")
    yield ("telemetry", "otlp"), _mapping(_mapping(data, "telemetry"), "otlp")
    for name, service in _mapping(data, "services").items():
        if isinstance(service, dict):
            yield ("services", name), service
    for site, values in _mapping(data, "sites").items():
        path = ("sites", site)
        named = _mapping(values, "upstreams")
        found = [((*path, "upstreams", name), upstream) for name, upstream in named.items()]
        for place, upstream in [((*path, "upstream"), _mapping(values, "upstream")), *found]:
            if isinstance(upstream, dict):
                yield place, upstream


def _mapping(data: Any, key: str) -> dict[str, Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def faults(path: KeyPath, text: str) -> Iterator[Problem]:
    """What is wrong with the certificates in PEM at `path`."""
    import ssl  # not at the top: it takes time, and few topologies hold a certificate

    if "PRIVATE KEY" in text:
        remedy = "name the certificate alone, and keep the key away"
        yield Problem(path, "it holds a private key", remedy)
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        remedy = f"one begins with {BEGIN} CERTIFICATE-----, and openssl x509 shows what it holds"
        yield Problem(path, "it is no certificate in PEM", remedy)
        return
    for certificate in context.get_ca_certs():
        ends = str(certificate["notAfter"])
        if ssl.cert_time_to_seconds(ends) < time.time():
            remedy = "have a new one made, or no connection will be trusted"
            yield Problem(path, f"the authority's certificate has ended on {ends}", remedy)
