"""YAML (or JSON, which is YAML) with a place for every key and value.

ruamel.yaml composes the node tree; the conversion to plain Python is ours, because it must name
every duplicate key, bound what aliases can grow to, and remember where everything stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from trunkline.documents.findings import Finding, KeyPath, Problem, show_path, shown
from trunkline.documents.scalars import PLAIN_TAGS, ScalarError, scalar_value
from trunkline.documents.source import Source, UnreadableError
from trunkline.documents.syntax import explain_syntax

MAX_DEPTH = 20
MAX_VALUES = 20_000

_DIRECTIVE = re.compile(r"\A(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*%")


@frozen
class Place:
    """Where a value stands: offsets of its key and of itself, and the scalar as it was written."""

    key: int | None
    value: int
    written: str | None = None


@frozen
class Document:
    """A file as plain Python, with the place of every value and what reading it found."""

    source: Source
    data: Any
    places: Mapping[KeyPath, Place]
    findings: list[Finding] = Factory(list)

    def finding(self, problem: Problem) -> Finding:
        """The problem at its place: line and column of the nearest thing that exists."""
        return self.source.finding(
            self._offset(problem),
            problem.message,
            problem.remedy,
            path=show_path(problem.path),
            level=problem.level,
        )

    def line(self, path: KeyPath) -> int:
        """The line of the nearest thing to `path` that exists."""
        return self.source.position(self._offset(Problem(path, "", "")))[0]

    def written(self, path: KeyPath) -> str | None:
        """The scalar at `path` as it stands in the file, or None for anything else."""
        place = self.places.get(path)
        return place.written if place else None

    def _offset(self, problem: Problem) -> int:
        path, at_key = problem.path, problem.at_key
        while path not in self.places and path:
            path, at_key = path[:-1], True
        place = self.places.get(path, Place(None, 0))
        # A block's own mark is its first line; its key says better which block is meant.
        return place.key if place.key is not None and (at_key or not place.written) else place.value


def load_document(source: Source) -> Document:
    """Compose and convert; UnreadableError where the text is not YAML or yields no data."""
    if match := _DIRECTIVE.search(source.text):
        message = "a YAML directive is not understood here"
        finding = source.finding(match.end() - 1, message, "delete the line that begins with %")
        raise UnreadableError([finding])
    root = _compose(source)
    if root is None:
        remedy = "start from one of the examples in topologies/"
        raise UnreadableError([source.finding(0, "the file is empty", remedy)])
    converter = _Converter(source)
    return Document(source, converter.convert(root, (), None), converter.places, converter.findings)


def _compose(source: Source) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(source.text)
    except MarkedYAMLError as error:
        raise UnreadableError(explain_syntax(source, error)) from error
    except Exception as error:  # ruamel.yaml raises plain exceptions for some malformed escapes.
        finding = source.finding(
            yaml.reader.index, "this is not valid YAML", "check the characters"
        )
        raise UnreadableError([finding]) from error
    return node


class _Converter:
    """One conversion of a node tree; `places` and `findings` fill up on the way."""

    def __init__(self, source: Source) -> None:
        self.places: dict[KeyPath, Place] = {}
        self.findings: list[Finding] = []
        self._source = source
        self._values = 0

    def convert(self, node: Node, path: KeyPath, key: Node | None) -> Any:
        """The plain value of `node`, recorded under `path`."""
        self._bound(node, path)
        written = node.value if isinstance(node, ScalarNode) else None
        start = _start(key) if key is not None else None
        self.places[path] = Place(start, _start(node), written)
        if str(node.tag) not in PLAIN_TAGS[type(node)]:
            tag = shown(str(node.tag).replace("tag:yaml.org,2002:", "!!"))
            self._found(node, path, f"the tag {tag} is not allowed", "delete it")
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        return [self.convert(item, (*path, i), None) for i, item in enumerate(node.value)]

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in first:
                line = self._source.position(_start(first[key]))[0]
                message = f"the key {shown(key)} stands here again, after line {line}"
                self._found(key_node, (*path, key), message, "keep one of them")
                continue
            first[key] = key_node
            result[key] = self.convert(value_node, (*path, key), key_node)
        return result

    def _key(self, node: Node, path: KeyPath) -> str | None:
        if not isinstance(node, ScalarNode):
            self._found(node, path, "a key is a list or a mapping", "write a plain word as the key")
            return None
        key = self._scalar(node, path)
        if node.tag == "tag:yaml.org,2002:merge":
            self._found(node, path, "merge keys are not part of YAML 1.2", "write out what << adds")
            return None
        if not isinstance(key, str):
            text = node.value or "null"
            remedy = f'put it in quotes: "{text}"' if node.value else "write it before the colon"
            self._found(node, path, f"the key {shown(text)} is not text", remedy)
            return str(text)
        return key

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        try:
            return scalar_value(str(node.tag), node.value)
        except ScalarError as error:
            self._found(node, path, str(error), "write the character itself")
            return ""

    def _bound(self, node: Node, path: KeyPath) -> None:
        self._values += 1
        if len(path) > MAX_DEPTH or self._values > MAX_VALUES:
            message = f"the file holds more than {MAX_VALUES} values or nests over {MAX_DEPTH} deep"
            remedy = "write out what the aliases (*name) stand for, and only once"
            raise UnreadableError([self._source.finding(_start(node), message, remedy)])

    def _found(self, node: Node, path: KeyPath, message: str, remedy: str) -> None:
        self.findings.append(
            self._source.finding(_start(node), message, remedy, path=show_path(path))
        )


def _start(node: Node) -> int:
    return int(node.start_mark.index)
