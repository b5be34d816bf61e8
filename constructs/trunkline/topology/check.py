"""The checks that follow the schema: meaning, and secrets that were pasted in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from trunkline.documents.document import Document
from trunkline.documents.findings import Finding, KeyPath, Problem
from trunkline.documents.secrets import find_leaks
from trunkline.documents.source import Source
from trunkline.topology.checks import (
    access,
    backbone,
    control_plane,
    local,
    names,
    networks,
    pairs,
    placeholders,
    ports,
    private_services,
    probes,
    routing,
    services,
    sites,
    sizes,
    state,
    telemetry,
    traffic,
    upstreams,
    zone,
)
from trunkline.topology.checks.partial import PartialTopology

Check = Callable[[PartialTopology], Iterator[Problem]]

CHECKS: tuple[Check, ...] = (
    *names.CHECKS,
    *networks.CHECKS,
    *sites.CHECKS,
    *routing.CHECKS,
    *access.CHECKS,
    *control_plane.CHECKS,
    *backbone.CHECKS,
    *pairs.CHECKS,
    *services.CHECKS,
    *private_services.CHECKS,
    *zone.CHECKS,
    *sizes.CHECKS,
    *upstreams.CHECKS,
    *telemetry.CHECKS,
    *traffic.CHECKS,
    *state.CHECKS,
    *local.CHECKS,
    *ports.CHECKS,
    *probes.CHECKS,
    *placeholders.CHECKS,
)

_REMEDY = (
    "remove it, revoke it, and hand secrets over in the environment, "
    "for example as CLOUDFLARE_API_TOKEN"
)
_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
_SECRET_KEY = re.compile(r"password|passwd|secret|token|api_?key|access_?key|private_?key", re.I)


def check_meaning(document: Document, data: Any) -> Iterator[Problem]:
    """The mistakes of data in which every value fits the schema or is None."""
    if isinstance(data, dict):
        topology = PartialTopology(data, document.line)
        for check in CHECKS:
            yield from check(topology)


def check_secrets(document: Document) -> list[Finding]:
    """Secrets in keys, values and comments; none of the findings repeats one."""
    problems = _walk(document.data, ())
    findings = [document.finding(problem) for problem in problems]
    lines = {finding.line for finding in findings}  # A # inside quotes starts no comment.
    comments = [found for found in _in_comments(document.source) if found.line not in lines]
    return findings + comments


def secrets_in_text(source: Source) -> list[Finding]:
    """Secrets anywhere in a text that is not YAML."""
    leaks = {leak.start: leak.kind for leak in reversed(list(find_leaks(source.text)))}
    return [source.finding(start, f"this looks like {leaks[start]}", _REMEDY) for start in leaks]


def _walk(value: Any, path: KeyPath) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _in_key((*path, key), key, item)
            yield from _walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif isinstance(value, str) and (leak := next(find_leaks(value), None)):
        yield Problem(path, f"this looks like {leak.kind}", _REMEDY)


def _in_key(path: KeyPath, key: str, item: Any) -> Iterator[Problem]:
    if leak := next(find_leaks(key), None):
        yield Problem(path, f"this key looks like {leak.kind}", _REMEDY, at_key=True)
    elif path[0] != "tags" and _names_secret(key, item):
        yield Problem(path, "by its name this key holds a secret", _REMEDY, at_key=True)


def _names_secret(key: str, item: Any) -> bool:
    if not isinstance(item, str) or not item:
        return False
    return _SECRET_KEY.search(key) is not None and next(find_leaks(item), None) is None


def _in_comments(source: Source) -> Iterator[Finding]:
    for comment in _COMMENT.finditer(source.text):
        if leak := next(find_leaks(comment.group()), None):
            message = f"a comment holds what looks like {leak.kind}"
            yield source.finding(comment.start() + leak.start, message, _REMEDY)
