"""A large answer through two edges and WireGuard, beside WireGuard alone, over emulated distances.

namespace near: application, edge ── wg0 ══ hub that delays ══ wg0 ── edge, service: namespace far
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from doubles import hub

from benchmarks.measure import ROOT, Report, Target, parser, progress, show
from benchmarks.proxies import envoy
from benchmarks.services import HTTP_PORT, NEAR, certificate, edge, edge_services

TITLE = "Throughput of one answer through two edges and WireGuard (median MB/s)"
COLUMNS = ("ms apart", "WireGuard alone", "through two edges", "of it")
SHARES = {1.4: 0.9, 30.0: 0.8}
"""The least share of WireGuard's own throughput that is promised, by the distance in ms."""

MEGABYTES = {1.4: 120, 30.0: 40}
MTU = 1400
HOSTS = {"near": ("198.51.100.1", "10.254.0.1"), "far": ("198.51.100.2", "10.254.0.2")}
"""The address on the internet, and that on the overlay."""

PLAIN_PORT, SERVICE_PORT, EDGE_PORT, WIREGUARD_PORT = 9080, 9443, 8080, 51820
NEEDED = ("ip", "wg", "wireguard-go", "nsenter", "openssl")


def run(runs: int) -> Report:
    """Fetch in turn: alone, through, through, alone; so often at each distance."""
    if missing := _missing():
        return Report(TITLE, COLUMNS, [], [], (f"skipped: {missing}",))
    rows, targets = [], []
    for distance, least in SHARES.items():
        progress(f"throughput: {4 * runs} answers over {distance} ms")
        with tempfile.TemporaryDirectory(prefix="throughput") as name:
            alone, through = _figures(Path(name), distance, runs)
        rows.append((distance, alone, through, through / alone))
        what = f"throughput at {distance:g} ms, of WireGuard alone"
        targets.append(Target(what, through / alone, least, at_least=True))
    note = f"all on {os.cpu_count()} processors of this machine, the hub and the service included"
    return Report(TITLE, COLUMNS, rows, targets, (note,))


def _missing() -> str:
    if sys.platform != "linux" or os.geteuid():
        return "it takes Linux and root"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    return f"{', '.join(absent)} not found" if absent else ""


def _figures(folder: Path, distance: float, runs: int) -> tuple[float, float]:
    with _joined(folder, distance) as near:
        plain = (HOSTS["far"][1], PLAIN_PORT)
        edges = (NEAR, HTTP_PORT)
        found: dict[tuple[str, int], list[float]] = {plain: [], edges: []}
        for where in (plain, edges):
            _fetch(near, where, MEGABYTES[distance] // 4)
        for _ in range(runs):
            for where in (plain, edges, edges, plain):
                found[where].append(_fetch(near, where, MEGABYTES[distance]))
        return statistics.median(found[plain]), statistics.median(found[edges])


def _fetch(namespace: str, where: tuple[str, int], megabytes: int) -> float:
    host, port = where
    command = [sys.executable, "-m", "benchmarks.bulk", "fetch", host, str(port), str(megabytes)]
    done = subprocess.run(
        [*_inside(namespace), *command], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise RuntimeError(f"{host}:{port} was not fetched:\n{done.stderr[-2000:]}")
    return float(done.stdout)


@contextmanager
def _joined(folder: Path, distance: float) -> Iterator[str]:
    """Both sites with all that runs in them; the name of the application's namespace."""
    with ExitStack() as stack:
        names = {site: f"trunkline-bench-{os.getpid()}-{site}" for site in HOSTS}
        for name in names.values():
            stack.enter_context(_namespace(name))
        stack.enter_context(_hub(names, distance))
        keys = {site: _output("wg", "genkey") for site in HOSTS}
        for site in HOSTS:
            stack.enter_context(_wireguard(site, names[site], keys, folder))
        pem = certificate(folder)
        serve = [sys.executable, "-m", "benchmarks.bulk", "serve"]
        far = names["far"]
        stack.enter_context(_running(far, [*serve, HOSTS["far"][1], str(PLAIN_PORT)], folder))
        tls = [*serve, "127.0.0.1", str(SERVICE_PORT), str(pem)]
        stack.enter_context(_running(far, tls, folder))
        overlay = "10.254.0.0/24"
        reached = edge_services(SERVICE_PORT, pem, overlay=overlay)
        config = edge("far", HOSTS["far"][1], EDGE_PORT, reached, folder)
        stack.enter_context(_running(far, envoy(config, "far", folder), folder))
        used = edge_services(SERVICE_PORT, pem, HOSTS["far"][1], overlay=overlay)
        config = edge("near", NEAR, EDGE_PORT, used, folder)
        stack.enter_context(_running(names["near"], envoy(config, "near", folder), folder))
        time.sleep(3)  # Envoy's first health checks
        yield names["near"]


def _output(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=text)
    return done.stdout.strip()


def _inside(namespace: str) -> list[str]:
    return ["ip", "netns", "exec", namespace]


@contextmanager
def _namespace(name: str) -> Iterator[None]:
    _output("ip", "netns", "add", name)
    try:
        _output("ip", "-n", name, "link", "set", "lo", "up")
        yield
    finally:
        _output("ip", "netns", "del", name)


@contextmanager
def _hub(names: Mapping[str, str], distance: float) -> Iterator[None]:
    """The internet between both, which delays every packet by half the distance."""
    addresses = {names[site]: f"{public}/24" for site, (public, _) in HOSTS.items()}
    delays = {" ".join(public for public, _ in HOSTS.values()): distance}
    command = [sys.executable, hub.__file__, json.dumps(addresses), json.dumps(delays)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if not process.stdout or process.stdout.readline() != "ready\n":
            raise RuntimeError("the hub does not start")
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _wireguard(site: str, namespace: str, keys: Mapping[str, str], folder: Path) -> Iterator[None]:
    """WireGuard of one site, its sockets in a /run of its own."""
    [other] = set(HOSTS) - {site}
    private = folder / f"{site}.key"
    private.write_text(keys[site])
    peer = _output("wg", "pubkey", text=keys[other])
    endpoint = f"{HOSTS[other][0]}:{WIREGUARD_PORT}"
    script = f"""
mkdir -p /run/wireguard; mount -t tmpfs none /run/wireguard
wireguard-go -f wg0 & trap 'kill $!; exit' TERM
until wg show wg0 >/dev/null 2>&1; do sleep 0.1; done
wg set wg0 listen-port {WIREGUARD_PORT} private-key {private} \
  peer {peer} allowed-ips {HOSTS[other][1]}/32 endpoint {endpoint}
ip address add {HOSTS[site][1]}/24 dev wg0; ip link set wg0 mtu {MTU} up
touch {folder}/{site}.up; wait
"""
    command = [*_inside(namespace), "unshare", "-m", "sh", "-euc", script]
    with _process(command, folder):
        _await(folder / f"{site}.up")
        yield


@contextmanager
def _running(namespace: str, command: list[str], folder: Path) -> Iterator[None]:
    with _process([*_inside(namespace), *command], folder):
        yield


@contextmanager
def _process(command: list[str], folder: Path) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _await(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path.name} is not there:\n{(path.parent / 'log').read_text()}")
        time.sleep(0.05)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
