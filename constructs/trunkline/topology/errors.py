"""The error of a topology file."""

from trunkline.documents.findings import FindingsError


class TopologyError(FindingsError):
    """A topology that cannot be used; `findings` names every mistake, in file order."""
