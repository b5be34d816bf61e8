"""What is assumed of a month, for what it costs."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen


@frozen(kw_only=True)
class AssumedTraffic:
    """What is assumed of a month, for what it costs; nothing is made of it.

    - `pairs`: gigabytes (10^9 bytes) between two sites, both directions together. Half of them go
      each way.
    - `routes`: gigabytes that the edges of a route's site send to the ingress, by its prefix.
    - `requests`: requests to the public hostname. None: nothing is assumed.
    """

    pairs: Mapping[tuple[str, str], float] = Factory(dict)
    routes: Mapping[str, float] = Factory(dict)
    requests: int | None = None
