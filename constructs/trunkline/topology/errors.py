"""The error of a topology file."""

from __future__ import annotations

from trunkline.documents.findings import FindingsError


class TopologyError(FindingsError):
    """A topology file that cannot be used; `findings` names every mistake, in the file's order."""
