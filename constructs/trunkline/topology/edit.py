"""Changes the chosen zones in a topology file, and nothing else in it.

Only the characters of the values are replaced: comments, layout, quotes, line ends and a byte order
mark stay as they are.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path

from trunkline.documents.document import Document, Mark
from trunkline.documents.findings import Problem
from trunkline.documents.source import UnreadableError, read_source
from trunkline.documents.write import write_whole
from trunkline.documents.yaml import parse_yaml
from trunkline.topology import TOPOLOGY_FILE, check_text
from trunkline.topology.errors import TopologyError

_REMEDY = "write the zone out there, then run it again"
_SINGLE = re.compile(r"'([^'\n]*)'")
_DOUBLE = re.compile(r'"([^"\\\n]*)"')
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def choose_zones(path: str | PathLike[str], zones: Mapping[str, str]) -> list[str]:
    """Make `zones` (zone by site) the chosen ones; return the sites whose zone has changed.

    The file is replaced in one step, and not touched where nothing changes. Raises TopologyError
    where it cannot be read, where a value cannot be replaced alone (an alias, an anchor), or where
    the result would not be valid; OutputError where it cannot be written.
    """
    try:
        document = parse_yaml(read_source(path, TOPOLOGY_FILE))
    except UnreadableError as unreadable:
        raise TopologyError(unreadable.findings) from unreadable
    changed = [site for site, zone in zones.items() if _chosen(document, site) != zone]
    if changed:
        text = _replaced(document, {site: zones[site] for site in changed})
        _refuse_invalid(fspath(path), text)
        mark = BOM_UTF8 if Path(path).read_bytes().startswith(BOM_UTF8) else b""
        write_whole(Path(path), mark + text.encode())
    return changed


def _chosen(document: Document, site: str) -> str | None:
    return document.written(("sites", site, "zone"))


def _replaced(document: Document, zones: Mapping[str, str]) -> str:
    """The text with every new zone in its place."""
    spans = [_span(document, site, zone) for site, zone in zones.items()]
    text = document.source.text
    for start, end, value in sorted(spans, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _span(document: Document, site: str, zone: str) -> tuple[int, int, str]:
    """The offsets of the value, and the new value in the quotes of the old one."""
    mark = document.marks.get(("sites", site, "zone"))
    if mark is None:
        raise _error(document, site, "the site has no zone to change")
    for pattern, quoted in ((_SINGLE, f"'{zone}'"), (_DOUBLE, f'"{zone}"'), (_PLAIN, zone)):
        match = pattern.match(document.source.text, mark.value)
        if match and match.group().strip("'\"") == mark.written and _is_own(document, mark, match):
            # A plain zone stays plain where that is still text; Azure's numbers need quotes.
            text = f'"{zone}"' if quoted == zone and zone.isdecimal() else quoted
            return match.start(), match.end(), text
    raise _error(document, site, "the zone is an alias, an anchor or of several lines")


def _is_own(document: Document, mark: Mark, match: re.Match[str]) -> bool:
    """Whether the value follows its own key; the mark of an alias is that of its anchor."""
    between = document.source.text[mark.key : match.start()]
    return re.fullmatch(r"""(?:zone|"zone"|'zone')[ \t]*:[ \t]*""", between) is not None


def _error(document: Document, site: str, message: str) -> TopologyError:
    return TopologyError([document.finding(Problem(("sites", site, "zone"), message, _REMEDY))])


def _refuse_invalid(file: str, text: str) -> None:
    """Raise TopologyError with the errors of a text that is not a valid topology."""
    topology, findings = check_text(text, file)
    if topology is None:
        raise TopologyError(found for found in findings if found.level == "error")
