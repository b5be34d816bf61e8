"""What the sky asks of each cloud about one of its machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from doubles.machines.scene import Cloud

from rehearsal.firewall import Firewall
from rehearsal.world import State, World


@dataclass(frozen=True)
class Plug:
    """Where a machine is plugged in: its subnet's range, its addresses, and its place."""

    cidr: str
    private: str
    public: str | None
    place: str  # `aws us-east-1a`


@dataclass(frozen=True)
class Grant:
    """A secret that the machine's identity may read now."""

    name: str
    value: str


class Sky(ABC):
    """One cloud. A type that is in neither list is remembered only, and named at the end."""

    machine_type: str
    resolver: str  # the address of the cloud's own DNS
    effective: frozenset[str]
    remembered: frozenset[str]

    def settle(self, world: World, type_name: str, planned: State) -> State:
        """The planned values, with those that the cloud decides."""
        return planned

    @abstractmethod
    def plug(self, world: World, machine: State) -> Plug: ...

    @abstractmethod
    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        """The double of the machine's cloud, and the user data."""

    @abstractmethod
    def grant(self, world: World, machine: State) -> Grant | None:
        """What its identity may read; None where it may read nothing."""

    @abstractmethod
    def firewall(self, world: World, machine: State) -> Firewall: ...


def unknown(value: Any) -> bool:
    """Whether Terraform leaves a value to the cloud."""
    from doubles.providers.values import UNKNOWN

    return value is UNKNOWN or value is None
