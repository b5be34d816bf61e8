"""Asks the network: names, HTTP, and the certificates of TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from attrs import frozen

PATIENCE = 3.0  # seconds for one step of a request


@frozen
class Answer:
    """An answer to a HEAD request; names of headers are in lower case.

    - `expires`: when the certificate ends; None without TLS.
    """

    status: int
    headers: Mapping[str, str]
    expires: datetime | None = None


def resolve(host: str) -> bool:
    """Whether a name has an address; OSError where nobody could be asked."""
    try:
        return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
            return False
        raise


def ask(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer to a HEAD request, redirects included; OSError where there is none."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("HEAD", parts.path or "/", headers=dict(headers or {}))
        expires = _expires(connection.sock)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, expires)
    except http.client.HTTPException as error:
        raise OSError(f"what it answers is not HTTP: {error!r}") from None
    finally:
        connection.close()


def _expires(connection: socket.socket | None) -> datetime | None:
    if not isinstance(connection, ssl.SSLSocket):
        return None
    until = (connection.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None
