"""The examples that come with trunkline, as the beginning of a topology of one's own."""

from __future__ import annotations

from trunkline.documents.explain import as_yaml
from trunkline.documents.schema import SCHEMA_SUFFIX, packed

MODELINE = "# yaml-language-server: $schema="
SCHEMA_BESIDE = f"topology{SCHEMA_SUFFIX}"
"""The schema's file beside the topology, where an editor finds it by the first line."""


def example(name: str) -> str:
    """The text of an example."""
    return (packed("topologies") / f"{name}.yaml").read_text(encoding="utf-8")


def begin(text: str, name: str | None = None, domain: str | None = None) -> str:
    """An example's text as a file of one's own, with its schema beside it.

    Of the comment at its top only the first paragraph stays, which says what it describes. `name`
    and `domain` take the place of the example's.
    """
    head, body = text.split("\n\n", 1)
    lines = head.splitlines()[1:]  # without the first line, which names the schema
    about = "\n".join(lines[: lines.index("#", 1)] if "#" in lines[1:] else lines)
    if domain:
        body = body.replace(_value("domain", body), as_yaml(domain))
    if name:
        body = body.replace(f"name: {_value('name', body)}", f"name: {as_yaml(name)}", 1)
    return f"{MODELINE}{SCHEMA_BESIDE}\n{about}\n\n{body}"


def _value(key: str, body: str) -> str:
    """A plain top-level value, which every example has."""
    line = next(line for line in body.splitlines() if line.startswith(f"{key}: "))
    return line.removeprefix(f"{key}: ")
