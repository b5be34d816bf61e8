"""Lengths of time as a command line has them: `15m`, `24h`, `7d`."""

from __future__ import annotations

import re

from attrs import frozen

from trunkline.errors import TrunklineError

_UNITS = {"m": ("MINUTE", 60), "h": ("HOUR", 3_600), "d": ("DAY", 86_400)}


class TrafficError(TrunklineError):
    """What was counted cannot be asked for, or not be read."""


@frozen
class Span:
    """So many minutes (`m`), hours (`h`) or days (`d`)."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str, option: str) -> Span:
        """The span that a text such as `24h` means; TrafficError names the option."""
        found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
        if not found:
            raise TrafficError(
                f"{option} {text!r} is not a time; write minutes, hours or days: 15m, 24h, 7d"
            )
        return cls(int(found[1]), found[2])

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.count * _UNITS[self.unit][1]

    @property
    def sql(self) -> str:
        """As Analytics Engine's SQL has it."""
        return f"INTERVAL '{self.count}' {_UNITS[self.unit][0]}"

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"
