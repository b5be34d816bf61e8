"""The Worker beside a bare one that only passes requests on, both in workerd.

What stands behind both signs its answers as an edge does. The Worker copies an answer without a
signature to put one on; no answer of an edge needs that, and it would cost a seventh of a request.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve

from benchmarks.measure import ROOT, Report, Target, parser, progress, show
from benchmarks.proxies import PATH, envoy, free_port, in_turn, running, service
from trunkline.bench.load import tools
from trunkline.envoy.answers import signature
from trunkline.routing import (
    Origin,
    RouteSpec,
    Script,
    VirtualHost,
    workerd_config,
    workerd_script,
)

TITLE = "The Worker before a service on loopback (wrk; median of runs)"
COLUMNS = ("Worker", "requests/s", "p99 ms", "CPU us per request")
OURS, BARE = "trunkline's", "bare pass-through"
SITE = "aws"

# The target is fixed, for it reads nothing; the rest is what any Worker before an origin needs.
PASS = """\
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    return fetch(env.ORIGIN + url.pathname + url.search, request);
  },
};
"""


def run(runs: int) -> Report:
    """Load both in turn."""
    load = tools().get("wrk")
    found = sorted(ROOT.glob("node_modules/@cloudflare/workerd-*/bin/workerd"))
    if load is None or not found:
        note = "skipped: wrk or workerd not found; apt-get install wrk, make node_modules/ready"
        return Report(TITLE, COLUMNS, [], [], (note,))
    progress(f"worker: {runs} runs of wrk on each Worker")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, behind = Path(name), free_port()
        edge = envoy(service(behind, signature(SITE)), "service", folder)
        stack.enter_context(running(edge, behind, folder))
        servers = {}
        for title, script in _scripts(f"http://127.0.0.1:{behind}").items():
            port = free_port()
            place = folder / str(port)
            place.mkdir()
            (place / script.main_module).write_text(script.content)
            (place / "config.capnp").write_text(workerd_config(script, f"127.0.0.1:{port}"))
            command = [str(found[0]), "serve", "config.capnp"]
            servers[title] = stack.enter_context(running(command, port, place)), port
        results = in_turn(runs, load, servers)
    rows = [(n, s.requests_per_second, s.p99_ms, s.cpu_us) for n, s in results.items()]
    rate = results[OURS].requests_per_second / results[BARE].requests_per_second
    return Report(
        TITLE,
        COLUMNS,
        rows,
        [Target("requests/s of a bare Worker", rate, 0.9, at_least=True)],
    )


def _scripts(origin: str) -> dict[str, Script]:
    """Our script with ten routes of two sites each, and the bare one."""
    sites = [Origin(SITE, origin), Origin("google", origin)]
    prefixes = [PATH.rpartition("/")[0], *(f"/api/v{number}" for number in range(6, 15))]
    routes = [RouteSpec(prefix, sites) for prefix in prefixes]
    ours = workerd_script(VirtualHost(name="t", hostname="api.example.com", routes=routes))
    return {OURS: ours, BARE: evolve(ours, content=PASS, bindings={"ORIGIN": origin})}


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
