"""The keys that a topology needs, which the operator makes, keeps and passes to the stacks."""

from __future__ import annotations

from attrs import frozen


@frozen
class Key:
    """A key of 64 hexadecimal digits.

    - `name`: its name for `trunkline keys`.
    - `of`: who share it, for a sentence.
    """

    name: str
    of: str

    @property
    def variable(self) -> str:
        """The Terraform variable that takes it."""
        return f"{self.name}_key"

    @property
    def previous(self) -> str:
        """The Terraform variable that takes the one before, while it is rotated."""
        return f"{self.variable}_previous"


LOGPUSH_DESTINATION = "logpush_destination"
LOGPUSH_CHALLENGE = "logpush_ownership_challenge"
"""The variables of a stack that sends lines by Logpush."""

PROBE_KEY = Key("probe", "probes")
EDGE_KEY = Key("edge", "edges")
