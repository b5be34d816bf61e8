"""The machines that measure."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Probes:
    """The machines that measure.

    `operators` are the address ranges that may fetch results. `samples` is how many round trips a
    sweep takes of each pair and direction; a sweep begins every `interval_seconds`, the first one
    when all probes are up, or after `deadline_seconds`. A site has `max_parallel` probes at a time,
    None for all of its zones; `batch` says which (see `Topology.probed_zones`).
    """

    operators: tuple[str, ...] = ()
    port: int = 8100
    samples: int = 200
    interval_seconds: int = 600
    deadline_seconds: int = 600
    max_parallel: int | None = None
    batch: int = 1
