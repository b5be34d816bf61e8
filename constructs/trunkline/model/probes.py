"""The machines that measure."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Probes:
    """The machines that measure.

    - `operators`: the IPv4 ranges that may fetch results. Empty: no port is open for it.
    - `port`: where a probe answers, by UDP the other probes and by TCP the operators. The TCP port
      after it takes the connections whose time is measured.
    - `samples`: how many round trips a sweep takes of each pair and direction.
    - `interval_seconds`: how often a sweep over all pairs begins.
    - `deadline_seconds`: how long the first sweep waits for probes that are not up yet.
    - `max_parallel`: how many probes of a site stand at a time. None: one in every zone.
    - `batch`: which probes stand now, where not all do (see `Topology.probed_zones`).
    """

    operators: tuple[str, ...] = ()
    port: int = 8100
    samples: int = 200
    interval_seconds: int = 600
    deadline_seconds: int = 600
    max_parallel: int | None = None
    batch: int = 1
