"""The keys that a topology needs, which the operator makes, keeps and passes to the stacks."""

from __future__ import annotations

from attrs import frozen

PREVIOUS = "_previous"
"""What the variable of an earlier key ends with."""


@frozen
class Key:
    """A key of 64 hexadecimal digits.

    - `name`: its name for `trunkline keys`.
    - `of`: who share it, for a sentence.
    - `overlaps`: whether its machines take the one before as well, while it is rotated.
    """

    name: str
    of: str
    overlaps: bool = True

    @property
    def kind(self) -> str:
        """What `trunkline keys` calls it and all keys like it."""
        return self.name.partition("_")[0]

    @property
    def variable(self) -> str:
        """The Terraform variable that takes it."""
        return f"{self.name}_key"

    @property
    def previous(self) -> str:
        """The Terraform variable that takes the one before, while it is rotated."""
        return f"{self.variable}{PREVIOUS}"


LOGPUSH_DESTINATION = "logpush_destination"
LOGPUSH_CHALLENGE = "logpush_ownership_challenge"
"""The variables of a stack that sends lines by Logpush."""

PROBE_KEY = Key("probe", "probes", overlaps=False)
EDGE_KEY = Key("edge", "edges")

AUTHORITY_KEY = Key("backbone_authority", "authority of the backbone")
"""Signs the certificates of the nodes; it stays with the operator, and no stack takes it."""


def node_key(node: str) -> Key:
    """The private key of a node of the backbone, by its name."""
    return Key(f"backbone_{node.replace('-', '_')}", f"node {node} of the backbone")
