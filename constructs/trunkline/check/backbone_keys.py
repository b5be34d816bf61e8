"""How old the keys of the backbone are, and how long its certificates last: from the nodes file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from trunkline.check.line import CheckLine, State
from trunkline.check.local_state import OLD
from trunkline.deploy.keys import backbone_keys
from trunkline.model import RENEW_DAYS, Node, Site, Topology


def keys(topology: Topology, site: Site) -> Iterator[CheckLine]:
    """The oldest key of a site's nodes, and the certificate that ends first."""
    if not topology.backbone or not backbone_keys(topology):
        return
    nodes = topology.backbone.nodes.get(site.name, ())
    made = [key.made for node in nodes for key in node.keys[:1]]
    if len(made) < len(topology.node_names(site.name)):
        said = f"{len(made)} of {len(topology.node_names(site.name))} nodes have a key"
        yield CheckLine("keys", _where(site), State.FAILED, said, "make them: trunkline keys")
        return
    yield _age(site, date.fromisoformat(min(made)))
    yield from _certificate(site, nodes)


def authorities(topology: Topology) -> Iterator[CheckLine]:
    """How long the authority lasts that signs the certificates of nodes."""
    if not topology.backbone or not topology.backbone.authorities:
        return
    newest, *_ = topology.backbone.authorities
    remedy = "make another: trunkline keys --rotate backbone, then apply the edges"
    yield _lasting("authority of the backbone", date.fromisoformat(newest.expires), remedy)


def _age(site: Site, made: date) -> CheckLine:
    days = (_today() - made).days
    said = f"made {days} days ago, on {made}"
    if days <= OLD:
        return CheckLine("keys", _where(site), State.OK, said)
    remedy = f"rotate them: trunkline keys --rotate backbone --site {site.name}"
    return CheckLine("keys", _where(site), State.WARNING, said, remedy)


def _certificate(site: Site, nodes: tuple[Node, ...]) -> Iterator[CheckLine]:
    ends = [key.expires for node in nodes for key in node.keys if key.expires]
    if ends:
        remedy = f"make new ones: trunkline keys, then trunkline apply --only edge-{site.name}"
        yield _lasting(_where(site), date.fromisoformat(min(ends)), remedy)


def _lasting(where: str, end: date, remedy: str) -> CheckLine:
    days = (end - _today()).days
    if days <= 0:
        said = f"ended on {end}: the other nodes refuse it"
        return CheckLine("certificate", where, State.FAILED, said, remedy)
    said = f"valid for {days} days, until {end}"
    if days >= RENEW_DAYS:
        return CheckLine("certificate", where, State.OK, said)
    return CheckLine("certificate", where, State.WARNING, said, remedy)


def _where(site: Site) -> str:
    return f"nodes of {site.name}"


def _today() -> date:
    return datetime.now(UTC).date()
