"""Cloudflare's Rules language, as much of it as filters of our rules are written in.

https://developers.cloudflare.com/ruleset-engine/rules-language/

expression := and_ { "or" and_ }        and_ := not_ { "and" not_ }
not_ := "not" not_ | "(" expression ")" | starts_with "(" field "," string ")" | field op string
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

Fields = Mapping[str, str]
Filter = Callable[[Fields], bool]

FIELDS = ("http.host", "http.request.uri.path", "http.request.method")
_TOKENS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[(),]|[a-z_.]+|==|!=)')
_SAME = {"eq": True, "==": True, "ne": False, "!=": False}


class RuleError(ValueError):
    """A filter that is not of the language; says where it ends to be."""


def parse(text: str) -> Filter:
    """The filter that a text means, as a function of a request's fields; RuleError else."""
    parser = _Parser(_tokens(text))
    found = parser.expression()
    parser.expect("")
    return found


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKENS.match(text, at)
        if match is None:
            raise RuleError(f"Filter parsing error (1:{at + 1}): unexpected {text[at:].strip()!r}")
        tokens.append(match[1])
        at = match.end()
    return [*tokens, ""]


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    def expression(self) -> Filter:
        found = self._and()
        while self._takes("or"):
            found = _either(found, self._and())
        return found

    def _and(self) -> Filter:
        found = self._not()
        while self._takes("and"):
            found = _both(found, self._not())
        return found

    def _not(self) -> Filter:
        if self._takes("not"):
            inner = self._not()
            return lambda fields: not inner(fields)
        if self._takes("("):
            found = self.expression()
            self.expect(")")
            return found
        return self._starts_with() if self._takes("starts_with") else self._comparison()

    def _starts_with(self) -> Filter:
        self.expect("(")
        field = self._field()
        self.expect(",")
        start = self._string()
        self.expect(")")
        return lambda fields: fields[field].startswith(start)

    def _comparison(self) -> Filter:
        field, operator = self._field(), self._next()
        if operator not in _SAME:
            raise RuleError(f"Filter parsing error: {operator!r} is no operator that is known here")
        value, same = self._string(), _SAME[operator]
        return lambda fields: (fields[field] == value) is same

    def _field(self) -> str:
        if (name := self._next()) not in FIELDS:
            raise RuleError(f"Filter parsing error: unknown identifier {name!r}")
        return name

    def _string(self) -> str:
        if not (text := self._next()).startswith('"'):
            raise RuleError(f"Filter parsing error: {text!r} is not a string")
        return str(json.loads(text))

    def expect(self, token: str) -> None:
        if (found := self._next()) != token:
            raise RuleError(
                f"Filter parsing error: {found or 'the end'!r} in place of {token or 'the end'!r}"
            )

    def _takes(self, token: str) -> bool:
        if self._tokens[0] != token:
            return False
        self._next()
        return True

    def _next(self) -> str:
        return self._tokens.pop(0) if self._tokens[0] else ""


def _either(one: Filter, other: Filter) -> Filter:
    return lambda fields: one(fields) or other(fields)


def _both(one: Filter, other: Filter) -> Filter:
    return lambda fields: one(fields) and other(fields)
