"""Runs every benchmark and prints the figures beside their targets; takes about 25 minutes."""

from __future__ import annotations

from benchmarks import (
    attacks,
    backbone,
    comparison,
    deploying,
    edges,
    growth,
    local_machines,
    placement,
    probing,
    reporting,
    services,
    sockperf,
    streams,
    synthesis,
    throughput,
    validation,
    worker,
    zone_mapping,
)
from benchmarks.measure import parser, show

MODULES = (
    synthesis,
    growth,
    validation,
    reporting,
    local_machines,
    deploying,
    probing,
    sockperf,
    placement,
    comparison,
    zone_mapping,
    edges,
    worker,
    services,
    streams,
    throughput,
    backbone,
    attacks,
)


def main() -> None:
    options = parser(__doc__).parse_args()
    reports = []
    for module in MODULES:
        reports.append(module.run(options.runs))
        if options.format == "text":  # at once, so that nothing is lost if the next one crashes
            show(reports[-1:], "text")
            print(flush=True)
    if options.format == "json":
        show(reports, "json")


if __name__ == "__main__":
    main()
