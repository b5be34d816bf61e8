"""What the doubles know beyond the schemas: by default only which tunnels have a connection.

The rehearsal puts a sky in this place, in which a resource does what it does in a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doubles.providers import connections
from doubles.providers.answers import answer

State = Mapping[str, Any]


class RefusedError(Exception):
    """What a cloud answers in place of a resource, in its own words."""


class Effects:
    """Of a change that Terraform applies, in the order of the calls."""

    def refusal(self, type_name: str, prior: State | None, planned: State | None) -> str | None:
        """Why the cloud refuses the change, in its words; None where it does not."""
        return connections.refusal(type_name, prior, planned)

    def settle(self, type_name: str, planned: State) -> State:
        """The planned values, with those that the cloud decides; the rest is invented."""
        return planned

    def write(self, type_name: str, state: State, written: State) -> None:
        """Take the values of write-only arguments, which are in no state."""

    def follow(self, type_name: str, prior: State | None, state: State | None) -> None:
        """Do what the change does; `prior` is None for a new one, `state` for a destroyed one."""
        connections.follow(type_name, prior, state)

    def current(self, type_name: str, state: State) -> State | None:
        """The resource as it is now; None where it is gone behind Terraform's back."""
        return state

    def answer(self, type_name: str, config: State, provider: State) -> dict[str, Any]:
        """The known part of what a data source answers; RefusedError where it finds nothing."""
        return answer(type_name, config, provider)
