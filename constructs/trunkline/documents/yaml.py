"""YAML (or JSON, which is YAML) with a place for every key and value.

ruamel.yaml composes the node tree; the conversion to plain Python is ours, because it must name
every duplicate key, bound what aliases can grow to, and remember where everything stands.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from trunkline.documents.document import Document, Mark
from trunkline.documents.findings import Finding, KeyPath, show_path, shown
from trunkline.documents.scalars import PLAIN_TAGS, ScalarError, scalar_value
from trunkline.documents.source import Source, UnreadableError
from trunkline.documents.syntax import explain_syntax

MAX_DEPTH = 20
MAX_VALUES = 20_000

# What YAML allows in a file, the same set as in ruamel.yaml's reader.
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"\A(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*%")


def parse_yaml(source: Source) -> Document:
    """The document in a YAML text; UnreadableError where the text is not YAML or is empty."""
    if bad := _NOT_TEXT.search(source.text):
        message = f"character U+{ord(bad.group()):04X} may not stand in a text file"
        raise _unreadable(source, bad.start(), message, "delete it")
    if directive := _DIRECTIVE.search(source.text):
        message = "a YAML directive is not understood here"
        remedy = "delete the line that begins with %"
        raise _unreadable(source, directive.end() - 1, message, remedy)
    root = _compose(source)
    if root is None:
        raise _unreadable(source, 0, "the file is empty", source.kind.remedy)
    converter = _Converter(source)
    data = converter.convert(root, (), None)
    return Document(source, data, converter.marks, tuple(converter.findings))


def _unreadable(source: Source, offset: int, message: str, remedy: str) -> UnreadableError:
    return UnreadableError([source.finding(offset, message, remedy)])


def _compose(source: Source) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = MAX_DEPTH
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(source.text)
    except MarkedYAMLError as error:
        raise UnreadableError(explain_syntax(source, error)) from error
    except Exception as error:  # ruamel.yaml raises plain exceptions for some malformed escapes.
        message, remedy = "this is not valid YAML", "check the characters"
        raise _unreadable(source, yaml.reader.index, message, remedy) from error
    return node


class _Converter:
    """One conversion of a node tree; `marks` and `findings` fill up on the way."""

    def __init__(self, source: Source) -> None:
        self.marks: dict[KeyPath, Mark] = {}
        self.findings: list[Finding] = []
        self._source = source
        self._values = 0

    def convert(self, node: Node, path: KeyPath, key: Node | None) -> Any:
        """The plain value of `node`, recorded under `path`."""
        self._bound(node, path)
        written = node.value if isinstance(node, ScalarNode) else None
        start = _start(key) if key is not None else None
        self.marks[path] = Mark(start, _start(node), written)
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
        if not key:
            self._found(node, path, "a key is empty", "write a word as the key")
            return None
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
            raise _unreadable(self._source, _start(node), message, remedy)

    def _found(self, node: Node, path: KeyPath, message: str, remedy: str) -> None:
        self.findings.append(
            self._source.finding(_start(node), message, remedy, path=show_path(path))
        )


def _start(node: Node) -> int:
    return int(node.start_mark.index)
