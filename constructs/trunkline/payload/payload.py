"""What a machine runs, before it is known what kind of machine it is."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Payload(ABC):
    """What a machine runs; the clouds' machines take it as cloud-init user data."""

    @abstractmethod
    def user_data(self) -> str:
        """The cloud-config of a machine with Debian; the same payload gives the same bytes."""
