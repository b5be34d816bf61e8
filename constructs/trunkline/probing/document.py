"""The measurement file that a collection becomes, as plain data of `measurements.schema.json`.

Figures over several sweeps: the least of the minima, and the medians of percentiles and jitter, so
that one bad sweep does not speak for a pair. Samples and losses are summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from trunkline.model import Site, Topology
from trunkline.probing.client import Answer
from trunkline.probing.collect import Collection

Document = dict[str, Any]


def document(
    topology: Topology, collection: Collection, earlier: Document | None = None
) -> Document:
    """The measurements of a topology; those of `earlier` stand where this collection has none."""
    earlier = earlier or {}
    pairs = {(pair["from"], pair["to"]): pair for pair in earlier.get("pairs", [])}
    for name, answer in collection.answers.items():
        pairs.update({(name, other): pair for other, pair in _pairs(name, answer).items()})
    names = [f"{site.name}/{zone}" for site in topology.sites for zone in site.zones]
    known = [pairs[a, b] for a in names for b in names if (a, b) in pairs]
    return {
        "version": 1,
        "topology": topology.name,
        "method": _method(collection.answers.values(), known, earlier),
        **_times(collection.answers.values(), earlier),
        "complete": len(known) == len(names) * (len(names) - 1),
        "zones": _zones(topology, collection, known, earlier),
        "pairs": known,
    }


def is_emulated(collection: Collection) -> bool | None:
    """Whether the distances are emulated; None where nobody answered."""
    said = [bool(answer.results["emulated"]) for answer in collection.answers.values()]
    return any(said) if said else None


def pair_figures(sweeps: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The figures of one pair and direction over its sweeps, in microseconds; None without any."""
    if not sweeps:
        return None
    connects = [sweep["tcp"] for sweep in sweeps if sweep["tcp"]]
    return {
        "samples": sum(sweep["sent"] for sweep in sweeps),
        "lost": sum(sweep["lost"] for sweep in sweeps),
        "sweeps": len(sweeps),
        "round_trip_us": {
            "min": min(sweep["min"] for sweep in sweeps),
            **{rank: _middle(sweeps, rank) for rank in ("p50", "p90", "p99")},
        },
        "jitter_us": _middle(sweeps, "jitter"),
        "tcp_connect_us": _connects(connects),
        "throughput_mbit_s": None,
    }


def _pairs(name: str, answer: Answer) -> dict[str, dict[str, Any]]:
    peers = answer.results["peers"].items()
    found = {other: pair_figures(peer["sweeps"]) for other, peer in peers}
    return {
        other: {"from": name, "to": other, **figures} for other, figures in found.items() if figures
    }


def _middle(sweeps: Iterable[Mapping[str, Any]], figure: str) -> float:
    values: list[float] = [sweep[figure] for sweep in sweeps]
    return round(median(values), 2)


def _connects(connects: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    if not connects:
        return None
    return {"min": min(each["min"] for each in connects), "p50": _middle(connects, "p50")}


def _method(
    answers: Iterable[Answer], pairs: Sequence[Mapping[str, Any]], earlier: Document
) -> dict[str, Any]:
    results = [answer.results for answer in answers]
    before = earlier.get("method", {})
    samples = [found["samples"] for found in results] or [before.get("samples_per_pair", 0)]
    return {
        "tool": "trunkline",
        "protocol": "udp",
        "samples_per_pair": max(samples),
        "sweeps": max((pair["sweeps"] for pair in pairs), default=0),
        "emulated": any(found["emulated"] for found in results) or before.get("emulated", False),
    }


def _times(answers: Iterable[Answer], earlier: Document) -> dict[str, str]:
    """From the first measurement to the last, by this machine's clock."""
    times = [
        _written(sweep["at"] - answer.clock_ahead)
        for answer in answers
        for peer in answer.results["peers"].values()
        for sweep in peer["sweeps"]
    ]
    times += [earlier[key] for key in ("started_at", "finished_at") if key in earlier]
    times = times or [_written(datetime.now(UTC).timestamp())]
    return {"started_at": min(times), "finished_at": max(times)}


def _written(seconds: float) -> str:
    """RFC 3339 in UTC, so that later times sort behind earlier ones."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _zones(
    topology: Topology,
    collection: Collection,
    pairs: Sequence[Mapping[str, Any]],
    earlier: Document,
) -> list[dict[str, Any]]:
    measured = {pair["from"] for pair in pairs}
    before = {f"{zone['site']}/{zone['zone']}": zone for zone in earlier.get("zones", [])}
    entries = []
    for site in topology.sites:
        for zone in site.zones:
            name = f"{site.name}/{zone}"
            answer = collection.answers.get(name)
            place = answer.results["physical_zone"] if answer else None
            place = place or before.get(name, {}).get("physical_zone")
            entries.append(_zone(site, zone, place, name in measured))
    return entries


def _zone(site: Site, zone: str, place: str | None, measured: bool) -> dict[str, Any]:
    return {
        "site": site.name,
        "cloud": site.cloud,
        "account": site.account,
        "region": site.region,
        "zone": zone,
        "physical_zone": place,
        "status": "measured" if measured else "missing",
    }
