"""Runs every benchmark and prints the figures beside their targets; takes about six minutes."""

from __future__ import annotations

from benchmarks import growth, local_machines, probing, sockperf, synthesis, validation
from benchmarks.measure import parser, show


def main() -> None:
    options = parser(__doc__).parse_args()
    reports = []
    for module in (synthesis, growth, validation, local_machines, probing, sockperf):
        reports.append(module.run(options.runs))
        if options.format == "text":  # at once, so that nothing is lost if the next one crashes
            show(reports[-1:], "text")
            print(flush=True)
    if options.format == "json":
        show(reports, "json")


if __name__ == "__main__":
    main()
