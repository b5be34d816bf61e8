"""Both ends of a large answer: `python -m benchmarks.bulk serve HOST PORT [CERTIFICATE]`, with TLS
where there is one, and `... fetch HOST PORT MB`, which prints the MB/s after the first tenth.
"""

from __future__ import annotations

import asyncio
import http.client
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path

CHUNK = b"0" * 2**16


async def serve(host: str, port: int, certificate: Path | None) -> None:
    """Answer `GET /MB` with so many megabytes, for ever."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(_answer, host, port, ssl=context)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        request = await reader.readuntil(b"\r\n\r\n")
        chunks = int(request.split()[1].strip(b"/")) * 10**6 // len(CHUNK) + 1
        length = chunks * len(CHUNK)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length)
        for _ in range(chunks):
            writer.write(CHUNK)
            await writer.drain()
    writer.close()


def fetch(host: str, port: int, megabytes: int) -> float:
    """MB/s of one answer, without its first tenth, in which TCP finds its pace."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.request("GET", f"/{megabytes}", headers={"Host": "llm.internal"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"{host}:{port} answers {response.status}")
    got, first, start = 0, megabytes * 10**5, 0.0
    while data := response.read(len(CHUNK)):
        got += len(data)
        if not start and got >= first:
            start, first = time.monotonic(), got
    return (got - first) / 10**6 / (time.monotonic() - start)


def main() -> None:
    match sys.argv[1:]:
        case ["serve", host, port, *certificate]:
            asyncio.run(serve(host, int(port), Path(certificate[0]) if certificate else None))
        case ["fetch", host, port, megabytes]:
            print(fetch(host, int(port), int(megabytes)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
