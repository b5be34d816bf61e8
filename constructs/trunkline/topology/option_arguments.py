"""What is asked of Cloudflare beside the routes, as arguments of a construct."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from trunkline.documents.findings import KeyPath
from trunkline.model import Plan, WorkerOptions, ZoneOptions
from trunkline.topology.arguments import CLOUDFLARE, check_data


def check_options(
    construct: str, *, plan: Plan, zone: ZoneOptions, worker: WorkerOptions, logpush: bool
) -> None:
    """Check what Cloudflare does beside the routes, and whether the plan includes it."""
    given = {**asdict(zone), **asdict(worker)}
    if zone.waf:
        given["waf"] = {name: _listed(value) for name, value in asdict(zone.waf).items()}
    options = {name: value for name, value in given.items() if value is not None}
    if not options and not logpush:
        return
    data = {
        "cloudflare": {**CLOUDFLARE, "plan": plan},
        "routing": {"routes": {}, "logpush": logpush, **options},
    }
    places: dict[KeyPath, str] = {("cloudflare", "plan"): "plan", ("routing", "logpush"): "logpush"}
    places |= {("routing", name): f"zone.{name}" for name in asdict(zone)}
    places |= {("routing", name): f"worker.{name}" for name in asdict(worker)}
    check_data(construct, data, places)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
