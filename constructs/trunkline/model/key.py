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


PROBE_KEY = Key("probe", "probes")
EDGE_KEY = Key("edge", "edges")
