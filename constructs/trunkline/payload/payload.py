"""What a machine runs, before it is known what kind of machine it is."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Payload(ABC):
    """What a machine runs; the clouds' machines take it as cloud-init user data."""

    @property
    @abstractmethod
    def remedy(self) -> str:
        """What to do where it is too large for a machine's user data."""

    @abstractmethod
    def user_data(self) -> str:
        """The cloud-config of a machine with Debian; the same payload gives the same bytes."""
