"""What a check says: one line each."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class State(StrEnum):
    """How it is with what was looked at; `unknown` where it could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@frozen
class CheckLine:
    """What was looked at and how it is.

    - `what`: the kind of check, such as `origin`.
    - `where`: what it was about, such as a hostname.
    - `said`: what was found.
    - `remedy`: what to do; empty where nothing is to be done.
    """

    what: str
    where: str
    state: State
    said: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """For tools."""
        return {
            "what": self.what,
            "where": self.where,
            "state": self.state.value,
            "said": self.said,
            "remedy": self.remedy,
        }
