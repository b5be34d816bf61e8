"""Asks what the Worker of a topology has counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from trunkline.model import Cloudflare, Topology
from trunkline.routing import STRATEGIES, canonical_prefix, dataset_of, strategies_where
from trunkline.traffic.counted import NOTHING, Counted, figures, group
from trunkline.traffic.query import GROUPS, MOST_ROWS, TrafficQuery
from trunkline.traffic.span import Span, TrafficError
from trunkline.traffic.sql_api import WITHOUT_ROWS, Row, SqlApi, SqlRefusedError

BEGIN = "set routing.analytics to true, apply the stack routing, and ask again after some requests"


def count(
    topology: Topology,
    env: Mapping[str, str],
    *,
    since: Span,
    by: Sequence[str] = (),
    every: Span | None = None,
    site: str | None = None,
    route: str | None = None,
) -> Counted:
    """Requests, errors, failovers and latency.

    - `env`: the environment, with the token of Cloudflare's API.
    - `since`: how far back.
    - `by`: what requests are told apart by, of GROUPS.
    - `every`: the length of intervals of time.
    - `site`, `route`: the one that counts alone.

    Raises TrafficError where nothing is counted, or Cloudflare cannot be asked.
    """
    ingress = _counting(topology)
    if unknown := [each for each in by if each not in GROUPS]:
        raise TrafficError(f"--by {unknown[0]}: use one of {', '.join(GROUPS)}")
    query = TrafficQuery(
        dataset=dataset_of(topology.name),
        since=since,
        by=tuple(dict.fromkeys(by)),
        every=every,
        only=_only(topology, site, route),
    )
    api = SqlApi(ingress.account_id, env)
    total, rows = _rows(api, query.total), _rows(api, query) if query.keys else []
    try:
        return Counted(
            topology=topology.name,
            asked_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            since=str(since),
            every=str(every or ""),
            by=query.by,
            only=query.only,
            total=figures(total[0]) if total else NOTHING,
            groups=[group(row, query.keys) for row in rows],
        )
    except (ValueError, KeyError, TypeError):
        raise TrafficError("what Analytics Engine answers cannot be read") from None


def _counting(topology: Topology) -> Cloudflare:
    """The ingress whose Worker counts; TrafficError with the reason where none does."""
    routing, ingress = topology.routing, topology.ingress
    if not isinstance(ingress, Cloudflare):
        raise TrafficError(
            f"{topology.name}: on this machine there is no Cloudflare that counts; read what its "
            "machines print with trunkline logs"
        )
    if not STRATEGIES[routing.strategy].writes_analytics:
        others = strategies_where(lambda other: other.writes_analytics)
        raise TrafficError(
            f"{topology.name}: {routing.strategy} counts nothing; use the strategy {others} with "
            "routing.analytics, or look at the zone's own analytics in Cloudflare's dashboard"
        )
    if not routing.analytics:
        raise TrafficError(f"{topology.name}: its Worker does not count; {BEGIN}")
    return ingress


def _only(topology: Topology, site: str | None, route: str | None) -> dict[str, str]:
    """Names of the topology: no other text comes into a statement."""
    found = {}
    if route is not None:
        prefixes = [canonical_prefix(each.prefix) for each in topology.routing.public]
        found["route"] = _known("--route", canonical_prefix(route), prefixes)
    if site is not None:
        found["site"] = _known("--site", site, [each.name for each in topology.sites])
    return found


def _known(option: str, name: str, names: Sequence[str]) -> str:
    if name not in names:
        raise TrafficError(f"{option} {name}: the topology has {', '.join(names)}")
    return name


def _rows(api: SqlApi, query: TrafficQuery) -> list[Row]:
    try:
        rows = api.ask(query.sql)
    except SqlRefusedError as refused:
        if query.dataset not in api.tables():
            raise TrafficError(
                f"nothing was counted yet: the account has no dataset {query.dataset}; turn "
                f"Analytics Engine on once (dashboard, Workers & Pages, Analytics Engine), {BEGIN}"
            ) from None
        if WITHOUT_ROWS in str(refused):
            return []
        raise TrafficError(f"Analytics Engine refuses the question: {refused}") from None
    if len(rows) >= MOST_ROWS:
        raise TrafficError(
            f"more than {MOST_ROWS:,} groups: use a longer --every, or fewer of --by"
        )
    return rows
