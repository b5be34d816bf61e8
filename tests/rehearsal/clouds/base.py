"""What the sky asks of each cloud about one of its machines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from doubles.machines.scene import Cloud
from doubles.providers.effects import RefusedError

from rehearsal.firewall import Firewall
from rehearsal.private_names import PrivateZone
from rehearsal.world import State, World
from trunkline.model import ExistingNetwork, Site


@dataclass(frozen=True)
class Plug:
    """Where a machine is plugged in: its network, subnet's range, addresses, and place."""

    network: str  # its ID
    cidr: str
    private: str
    public: str | None
    place: str  # `aws us-east-1a`


RANGE = "10.200.0.0/16"
"""Of a network that exists, where the topology does not say its range."""


class Sky(ABC):
    """One cloud. A type that is in neither list is remembered only, and named at the end."""

    machine_type: str
    resolver: str  # the address of the cloud's own DNS
    private_services: tuple[str, ...] = ()
    """The addresses at which it answers for its services, beside their public ones."""
    effective: frozenset[str]
    remembered: frozenset[str]

    def settle(self, world: World, type_name: str, planned: State) -> State:
        """The planned values, with those that the cloud decides."""
        return planned

    @abstractmethod
    def network(self, site: Site, network: ExistingNetwork) -> Iterator[tuple[str, State]]:
        """A network that exists, with a way out: what it is made of, each with its type."""

    def answer(self, world: World, type_name: str, config: State) -> State | None:
        """What a data source finds; None where it is not about networks.

        RefusedError, in the provider's words, where it finds nothing.
        """
        return None

    @abstractmethod
    def plug(self, world: World, machine: State) -> Plug: ...

    def restarted(self, world: World, machine: State) -> State:
        """The machine after a stop and a start: an address that it does not own is another one."""
        return machine

    def taken(self, world: World, planned: State) -> str | None:
        """The cloud's refusal of a second machine of that name; None where it takes one."""
        return None

    @abstractmethod
    def private_zones(self, world: World) -> list[PrivateZone]:
        """The private DNS zones of all networks."""

    def zone_refused(
        self, world: World, type_name: str, prior: State | None, planned: State | None
    ) -> str | None:
        """Why the cloud refuses a change of a private DNS zone; None where it does not."""
        return None

    def route_refused(self, world: World, type_name: str, planned: State) -> str | None:
        """Why the cloud refuses to make a route, or to give a subnet a table; None where it
        takes them.

        It is not asked of those that are there already.
        """
        return None

    @abstractmethod
    def double(self, world: World, machine: State) -> tuple[Cloud, str]:
        """The double of the machine's cloud, and the user data."""

    @abstractmethod
    def granted(self, world: World, machine: State) -> Mapping[str, str]:
        """The secrets that its identity may read now, by name."""

    @abstractmethod
    def routes(
        self, world: World, network: str, cidr: str, runs: Callable[[str], bool]
    ) -> Mapping[str, str]:
        """Where a subnet's routes to machines lead: the private address of the hop by range.

        `runs` says of a private address whether its machine does.
        """

    @abstractmethod
    def firewall(self, world: World, machine: State) -> Firewall: ...


def unknown(value: Any) -> bool:
    """Whether Terraform leaves a value to the cloud."""
    from doubles.providers.values import UNKNOWN

    return value is UNKNOWN or value is None


def found(state: State | None, otherwise: str) -> State:
    """What a cloud looks up by its ID; RefusedError with `otherwise` where it is not there."""
    if state is None:
        raise RefusedError(otherwise)
    return state
