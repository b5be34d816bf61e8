"""Cloudflare's front: the Workers in workerd behind the routes of their hostnames.

A request that no route names goes to the origins, as what a Worker fetches does.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doubles.machines.network import inside
from doubles.services.trust import Authority
from support.workerd import find_workerd

from rehearsal.access import TEAM
from rehearsal.firewall import load_rules
from rehearsal.names import API
from rehearsal.world import State, World

ZONE = "cloudflare_zone"
SCRIPT, ROUTE = "cloudflare_workers_script", "cloudflare_workers_route"
ORIGINS_PORT = 9000
GRACE = 2.0  # seconds until all new connections come to the new Workers
LONGEST = 60.0  # for requests that the old Workers have under way

# The Worker answers that a hostname's route names; without one the request goes to the origin.
FRONT = """\
export default {
  fetch(request, env) {
    return (env[new URL(request.url).hostname] ?? env.origins).fetch(request);
  },
};
"""
# Cloudflare's Analytics Engine keeps what Workers write; here it stands in the log.
ANALYTICS = """\
export default {
  async fetch(request, env) {
    console.log("data point", env.dataset, await request.text());
    return new Response();
  },
};
"""
DATA_POINT = re.compile(r".*?data point (\w+) (\{.*\})")
_LEAD = """
table ip sky {{}}
delete table ip sky
table ip sky {{
  chain prerouting {{ type nat hook prerouting priority dstnat; tcp dport 443 redirect to {port}; }}
}}
"""


@dataclass
class Workers:
    """One workerd, which is replaced whenever what it serves has changed."""

    world: World
    namespace: str
    folder: Path
    authority: Authority
    _deploying: threading.Lock = field(default_factory=threading.Lock)
    _ports: Iterator[int] = field(default_factory=lambda: itertools.count(8443))
    _deployed: tuple[Mapping[str, State], Sequence[str]] | None = None
    _workerd: subprocess.Popen[bytes] | None = None

    def deploy(self) -> None:
        """Run the Workers as the routes are now; requests under way end with the old ones."""
        with self._deploying:
            wanted = self._workers(), self._names()
            if wanted != self._deployed:
                before, self._workerd = self._workerd, self._start(*wanted)
                self._deployed = wanted
                if before:
                    threading.Timer(GRACE, _retire, [before]).start()

    def end(self) -> None:
        if self._workerd:
            _end(self._workerd)

    def data_points(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Those that the Workers have written so far, each with the dataset that it is of."""
        for line in (self.folder / "workerd.log").read_text(errors="replace").splitlines():
            if found := DATA_POINT.fullmatch(line):
                yield found[1], json.loads(found[2])

    def _names(self) -> list[str]:
        """What the certificate is good for: Cloudflare's own names, and the zones (Universal SSL).

        https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/
        """
        zones = sorted(zone["name"] for zone in self.world.all(ZONE))
        return [API, TEAM, *(name for zone in zones for name in (zone, f"*.{zone}"))]

    def _workers(self) -> dict[str, State]:
        """The script behind each hostname."""
        found = {
            route["pattern"].partition("/")[0]: self.world.one(SCRIPT, script_name=route["script"])
            for route in self.world.all(ROUTE)
        }
        return {host: script for host, script in found.items() if script}

    def _start(self, workers: Mapping[str, State], names: Sequence[str]) -> subprocess.Popen[bytes]:
        """A workerd on a port of its own, to which 443 then leads."""
        port = next(self._ports)
        folder = self.folder / str(port)
        folder.mkdir()
        certificate, key = self.authority.certify(names)
        for number, script in enumerate(workers.values()):
            (folder / f"{number}.js").write_text(script["content"])
        (folder / "front.js").write_text(FRONT)
        (folder / "analytics.js").write_text(ANALYTICS)
        (folder / "workers.capnp").write_text(_config(workers, port, certificate, key))
        program = find_workerd()
        assert program, "workerd is not installed; run: make node_modules/ready"
        enter = ("ip", "netns", "exec", self.namespace, "setpriv", "--pdeathsig", "KILL")
        with (self.folder / "workerd.log").open("ab") as log:
            process = subprocess.Popen(
                [*enter, str(program), "serve", "--experimental", "workers.capnp"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await(port, process)
        load_rules(self.namespace, _LEAD.format(port=port))
        return process

    def _await(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), inside(self.namespace):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            time.sleep(0.05)
        words = (self.folder / "workerd.log").read_text(errors="replace")[-2000:]
        raise AssertionError(f"workerd does not start:\n{words}")


def _retire(process: subprocess.Popen[bytes]) -> None:
    """End a workerd when it has answered what it has."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LONGEST)
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _config(workers: Mapping[str, State], port: int, certificate: str, key: str) -> str:
    services = "".join(_service(number, each) for number, each in enumerate(workers.values()))
    kept = "".join(map(_kept, sorted(_datasets(workers.values()))))
    services_by_name = {host: f"worker-{number}" for number, host in enumerate(workers)}
    hosts = ", ".join(
        f'( name = {json.dumps(name)}, service = "{service}" )'
        for name, service in {**services_by_name, "origins": "origins"}.items()
    )
    return f"""\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    {services}
    ( name = "front",
      worker = (
        modules = [ ( name = "front.js", esModule = embed "front.js" ) ],
        compatibilityDate = "2026-01-01",
        bindings = [ {hosts} ] ) ),
    {kept}
    ( name = "origins", external = ( address = "127.0.0.1:{ORIGINS_PORT}", http = () ) ),
  ],
  sockets = [ ( name = "https", address = "*:{port}", service = "front",
    https = ( options = (), tlsOptions = ( keypair = (
      privateKey = {json.dumps(key)}, certificateChain = {json.dumps(certificate)} ) ) ) ) ],
);
"""


def _datasets(scripts: Iterable[State]) -> set[str]:
    bindings = (binding for each in scripts for binding in each.get("bindings") or [])
    return {each["dataset"] for each in bindings if each["type"] == "analytics_engine"}


def _kept(dataset: str) -> str:
    """What keeps the data points of a dataset."""
    name = json.dumps(dataset)
    return f"""\
    ( name = {name},
      worker = (
        modules = [ ( name = "analytics.js", esModule = embed "analytics.js" ) ],
        compatibilityDate = "2026-01-01",
        bindings = [ ( name = "dataset", text = {name} ) ] ) ),
"""


def _service(number: int, script: State) -> str:
    bindings = ", ".join(map(_binding, script.get("bindings") or []))
    return f"""\
    ( name = "worker-{number}",
      worker = (
        modules = [ ( name = {json.dumps(script["main_module"])},
                      esModule = embed "{number}.js" ) ],
        compatibilityDate = {json.dumps(script["compatibility_date"])},
        bindings = [ {bindings} ],
        globalOutbound = "origins" ) ),
"""


def _binding(binding: State) -> str:
    name = json.dumps(binding["name"])
    if binding["type"] == "analytics_engine":
        return f"( name = {name}, analyticsEngine = {json.dumps(binding['dataset'])} )"
    return f"( name = {name}, text = {json.dumps(binding['text'])} )"
