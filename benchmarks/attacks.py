"""Mutated requests to an edge and to the Worker before it: what reaches the service, and whether
another client loses a request.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
from attrs import Factory, define, frozen

from benchmarks.edges import KEY, PREFIXES, edge_config
from benchmarks.measure import ROOT, Report, Target, parser, progress, show
from benchmarks.mutations import PREFIX, UNKNOWN, to_edge, to_worker
from benchmarks.proxies import envoy, free_port, running
from trunkline.model import EDGE_KEY_HEADER, Server, Upstream
from trunkline.routing import Origin, RouteSpec, VirtualHost, workerd_config, workerd_script

TITLE = "Mutated requests (a third without the right key, a tenth to the edge as HTTP/2)"
COLUMNS = ("to", "requests", "seconds", "reached the service", "wrongly")
COUNT = 100_000
AT_ONCE = 128
PATIENCE = 0.1  # seconds
SEED = 11
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


@define
class Service:
    """The service behind the edge; it keeps what it was asked for."""

    seen: int = 0
    wrong: list[str] = Factory(list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.seen += 1
            if not _is_right(head):
                self.wrong.append(head)
            writer.write(ANSWER)
            await writer.drain()
        writer.close()


def _is_right(head: str) -> bool:
    """Whether a request is one that the route names, with nothing that is not a client's to say."""
    target = head.split(" ")[1]
    path = target.partition("?")[0]
    inside = any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)
    names = {line.partition(":")[0].lower() for line in head.split("\r\n")[1:]}
    refused = {EDGE_KEY_HEADER, "forwarded", "x-original-url", "x-rewrite-url", "trunkline-site"}
    climbs = "/../" in f"{path}/" or "\\" in path
    return inside and not climbs and UNKNOWN not in path and not names & refused


@frozen
class Attack:
    """What became of the requests to one address."""

    requests: int
    seconds: float


async def attack(port: int, mutated: Iterator[bytes]) -> Attack:
    """Send each request on a connection of its own, several at once."""
    began, sent = time.monotonic(), itertools.count()

    async def worker() -> None:
        for request in mutated:
            next(sent)
            with suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(_exchange(port, request), 5)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return Attack(next(sent), time.monotonic() - began)


async def _exchange(port: int, request: bytes) -> None:
    """Send all, and read an answer for a moment: to many there is none, they are not whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(reader.read(4096), PATIENCE)
    finally:
        writer.close()


@define
class Bystander:
    """A client of the Worker, who asks every 20 ms while the attack goes on."""

    port: int
    asked: int = 0
    failed: list[str] = Factory(list)
    ended: threading.Event = Factory(threading.Event)

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.asked += 1
            try:
                url = f"http://127.0.0.1:{self.port}{PREFIX}/bystander"
                with urllib.request.urlopen(url, timeout=10) as answer:
                    if answer.headers["trunkline-site"] != "aws":
                        self.failed.append("another site answers")
            except OSError as error:
                self.failed.append(str(error))


def run(runs: int, count: int = COUNT) -> Report:
    """Attack the edge with half of the requests, and the Worker with the others."""
    workerd = next(iter(sorted(ROOT.glob("node_modules/@cloudflare/workerd-*/bin/workerd"))), None)
    if workerd is None:
        return Report(TITLE, COLUMNS, [], [], ("skipped: no workerd; make node_modules/ready",))
    progress(f"attacks: {count:,} mutated requests")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        behind, at_edge, at_worker = free_port(), free_port(), free_port()
        service_at = Upstream([Server("127.0.0.1", behind, tls=False)])
        config = edge_config(at_edge, service_at, name, hostname=f"127.0.0.1:{at_edge}")
        edge = stack.enter_context(running(envoy(config, "edge", folder), at_edge, folder))
        command = _worker(workerd, at_worker, at_edge, folder)
        worker = stack.enter_context(running(command, at_worker, folder))
        service, bystander = Service(), Bystander(at_worker)
        rows = asyncio.run(_attack_both(service, behind, at_edge, at_worker, bystander, count))
        alive = sum(_lives(each) for each in (edge, worker))
    for head in service.wrong[:3]:
        progress(f"reached the service: {head[:500]!r}")
    return Report(
        TITLE,
        COLUMNS,
        rows,
        [
            Target(
                "requests that no route names and that reached the service", len(service.wrong), 0
            ),
            Target("requests of a client beside them that failed", len(bystander.failed), 0),
            Target("requests that it made", bystander.asked, 20, at_least=True),
            Target("of two processes, still alive", alive, 2, at_least=True),
        ],
        (*bystander.failed[:3],),
    )


async def _attack_both(
    service: Service, behind: int, at_edge: int, at_worker: int, bystander: Bystander, count: int
) -> list[tuple[str | float, ...]]:
    server = await asyncio.start_server(service.answer, "127.0.0.1", behind)
    async with server:
        await asyncio.to_thread(_until_served, at_worker)
        client = threading.Thread(target=bystander.run)
        client.start()
        rows: list[tuple[str | float, ...]] = []
        try:
            for title, port, mutated in (
                ("the edge", at_edge, to_edge(SEED, count // 2, f"127.0.0.1:{at_edge}", KEY)),
                ("the Worker", at_worker, to_worker(SEED, count // 2, "api.example.com")),
            ):
                before, wrong = service.seen, len(service.wrong)
                done = await attack(port, mutated)
                seen, now = service.seen - before, len(service.wrong) - wrong
                rows.append((title, done.requests, done.seconds, seen, now))
        finally:
            bystander.ended.set()
            await asyncio.to_thread(client.join)
    return rows


def _until_served(worker: int) -> None:
    """Until the edge has found its service healthy, and the Worker the edge."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{worker}{PREFIX}"):
            return
        time.sleep(0.2)
    raise RuntimeError("the service is not served within 20 s")


def _worker(workerd: Path, port: int, edge: int, folder: Path) -> list[str]:
    """The Worker before the edge, which it calls by its hostname, with its key."""
    sites = [Origin("aws", f"http://127.0.0.1:{edge}")]
    host = VirtualHost(
        name="t", hostname="api.example.com", routes=[RouteSpec(PREFIX, sites)], edge_key=KEY
    )
    script = workerd_script(host)
    (folder / script.main_module).write_text(script.content)
    (folder / "worker.capnp").write_text(workerd_config(script, f"127.0.0.1:{port}"))
    return [str(workerd), "serve", "worker.capnp"]


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
