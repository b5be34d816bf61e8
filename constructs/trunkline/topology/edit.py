"""Changes the chosen zones and spares in a topology file, and nothing else in it.

Only the characters of the values are replaced, and `spares` added where a site has none: comments,
layout, quotes, line ends and a byte order mark stay as they are.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
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
_FLOW = re.compile(r"\[[^\[\]#&*!]*\]")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def choose_zones(
    path: str | PathLike[str],
    zones: Mapping[str, str],
    spares: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Make `zones` (zone by site) the chosen ones; return the sites that have changed.

    `spares` are the spare zones that further edges need, by site; without them those of the file
    stay.

    The file is replaced in one step, and not touched where nothing changes. Raises TopologyError
    where it cannot be read, where a value cannot be replaced alone (an alias, an anchor), or where
    the result would not be valid; OutputError where it cannot be written.
    """
    try:
        document = parse_yaml(read_source(path, TOPOLOGY_FILE))
    except UnreadableError as unreadable:
        raise TopologyError(unreadable.findings) from unreadable
    moved = {site: zone for site, zone in zones.items() if _chosen(document, site) != zone}
    wanted = {site: each for site, each in (spares or {}).items() if each}
    wanted = {site: each for site, each in wanted.items() if _spares(document, site) != [*each]}
    changed = [site for site in zones if site in moved or site in wanted]
    if changed:
        text = _replaced(document, moved, wanted)
        _refuse_invalid(fspath(path), text)
        mark = BOM_UTF8 if Path(path).read_bytes().startswith(BOM_UTF8) else b""
        write_whole(Path(path), mark + text.encode())
    return changed


def _chosen(document: Document, site: str) -> str | None:
    return document.written(("sites", site, "zone"))


def _spares(document: Document, site: str) -> list[str] | None:
    """The spares that a site names; None where it names none."""
    found = document.data["sites"][site].get("spares")
    return [str(each) for each in found] if isinstance(found, list) else None


def _replaced(
    document: Document, zones: Mapping[str, str], spares: Mapping[str, Sequence[str]]
) -> str:
    """The text with every new zone, and all spares of a site, in their places."""
    spans = [_span(document, site, zone) for site, zone in zones.items()]
    spans += [_spares_span(document, site, each) for site, each in spares.items()]
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


def _spares_span(document: Document, site: str, spares: Sequence[str]) -> tuple[int, int, str]:
    """The offsets of a site's list of spares, and the new list; or where a first one belongs."""
    text, mark = document.source.text, document.marks.get(("sites", site, "spares"))
    if mark is None:
        return _first_spares(document, site, spares)
    match = _FLOW.match(text, mark.value)
    if match is None or not _is_own(document, mark, match, "spares"):
        message = "the spares are not a list of one line in brackets"
        problem = Problem(("sites", site, "spares"), message, "write them like [a, b]")
        raise TopologyError([document.finding(problem)])
    return match.start(), match.end(), _list(spares, match.group())


def _first_spares(document: Document, site: str, spares: Sequence[str]) -> tuple[int, int, str]:
    """Spares for a site that names none, behind its zone: on a line of their own, or after it."""
    text, mark = document.source.text, document.marks.get(("sites", site, "zone"))
    _, end, _ = _span(document, site, _chosen(document, site) or "")
    start = mark.key if mark and mark.key is not None else end
    key = '"spares"' if text[start] == '"' else "spares"
    value = f"{key}: {_list(spares, text[start : start + 1])}"
    if re.match(r"\s*[,}]", text[end:]):
        return end, end, f", {value}"
    line = text.find("\n", end)
    line = len(text) if line < 0 else line
    line -= text[line - 1] == "\r"
    indent = " " * (start - text.rfind("\n", 0, start) - 1)
    return line, line, f"{_line_end(text)}{indent}{value}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _list(zones: Sequence[str], model: str) -> str:
    """A list in brackets, in the quotes of `model`; Azure's numbers always have some."""
    quote = next((each for each in "\"'" if each in model), "")
    quotes = [quote or ('"' if zone.isdecimal() else "") for zone in zones]
    pairs = zip(zones, quotes, strict=True)
    return f"[{', '.join(f'{each}{zone}{each}' for zone, each in pairs)}]"


def _is_own(document: Document, mark: Mark, match: re.Match[str], key: str = "zone") -> bool:
    """Whether the value follows its own key; the mark of an alias is that of its anchor."""
    between = document.source.text[mark.key : match.start()]
    return re.fullmatch(rf"""(["']?){key}\1[ \t]*:[ \t]*""", between) is not None


def _error(document: Document, site: str, message: str) -> TopologyError:
    return TopologyError([document.finding(Problem(("sites", site, "zone"), message, _REMEDY))])


def _refuse_invalid(file: str, text: str) -> None:
    """Raise TopologyError with the errors of a text that is not a valid topology."""
    topology, findings = check_text(text, file)
    if topology is None:
        raise TopologyError(found for found in findings if found.level == "error")
