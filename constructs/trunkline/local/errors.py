"""What can go wrong with a machine on this computer."""

from __future__ import annotations

from trunkline.errors import TrunklineError


class MachineError(TrunklineError):
    """A machine that cannot start or end; the text names it, the cause and the remedy."""
