"""Both ends of many event streams: `python -m benchmarks.event_streams serve PORT CERTIFICATE`, and
`... hold HOST PORT COUNT SECONDS`, which prints one JSON object with what it has seen.

The service sends an event to each stream every five seconds. A stream has ended early if it closes,
or says nothing for three times as long, before the time is over.
"""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path

EVENT_SECONDS = 5.0
PATIENCE = 3 * EVENT_SECONDS
A_SECOND = 400
"""How many streams are opened in a second."""

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b"data: here\n\n"
CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)


async def serve(port: int, certificate: Path) -> None:
    """Stream to everybody who asks, for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server = await asyncio.start_server(
        _stream, "127.0.0.1", port, ssl=context, backlog=4096, ssl_handshake_timeout=60
    )
    await server.serve_forever()


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        while not writer.is_closing():
            writer.write(CHUNK)
            await writer.drain()
            await asyncio.sleep(EVENT_SECONDS)
    writer.close()


async def hold(host: str, port: int, count: int, seconds: float) -> dict[str, float]:
    """Open so many streams, and once all are open keep them for that time."""
    opened = asyncio.Semaphore(0)
    over = asyncio.Event()
    tasks = []
    began = time.monotonic()
    for number in range(count):
        tasks.append(asyncio.create_task(_listen(host, port, opened, over)))
        await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
    with suppress(TimeoutError):
        async with asyncio.timeout(120):
            for _ in range(count):
                await opened.acquire()
    ready = time.monotonic() - began
    await asyncio.sleep(seconds)
    over.set()
    outcomes = await asyncio.gather(*tasks)
    events = sum(outcome for outcome in outcomes if outcome > 0)
    lost = sum(outcome <= 0 for outcome in outcomes)
    return {"lost": lost, "events": events, "ready_s": ready}


async def _listen(host: str, port: int, opened: asyncio.Semaphore, over: asyncio.Event) -> int:
    """The number of events of a stream that lasted; none or less of one that ended early."""
    events = 0
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /v1/events HTTP/1.1\r\nhost: llm.internal\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        if not head.startswith(b"HTTP/1.1 200"):
            return 0
        opened.release()
        while not over.is_set():
            line = await asyncio.wait_for(reader.readuntil(b"here\n\n"), PATIENCE)
            events += line.count(EVENT)
        writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return -events
    return events


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    match sys.argv[1:]:
        case ["serve", port, certificate]:
            asyncio.run(serve(int(port), Path(certificate)))
        case ["hold", host, port, count, seconds]:
            print(json.dumps(asyncio.run(hold(host, int(port), int(count), float(seconds)))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
