"""The network of a site: a new one, or one that is there already."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen


@frozen
class NewNetwork:
    """A network that the stack creates; `cidr` is its IPv4 range, at least a /24."""

    cidr: str = "10.10.0.0/16"


@frozen
class ExistingNetwork:
    """A network that is there already, found by `id` or by `name`.

    `subnets` names the subnet of each zone (`{"us-east-1a": "subnet-0abc"}`); the key `*` serves
    every zone, for clouds whose subnets span zones. Without it the AWS subnet of the zone is looked
    up. `resource_group` is Azure's and is needed there with `name`. `cidr` is for checks only.
    """

    id: str | None = None
    name: str | None = None
    subnets: Mapping[str, str] = Factory(dict)
    resource_group: str | None = None
    cidr: str | None = None

    def subnet_of(self, zone: str) -> str | None:
        """The declared subnet that serves `zone`, or None where none is declared."""
        return self.subnets.get(zone) or self.subnets.get("*")


Network = NewNetwork | ExistingNetwork
