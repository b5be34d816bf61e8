"""The network of a site: a new one, or one that is there already."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen


@frozen
class NewNetwork:
    """A network that the stack creates.

    - `cidr`: its private IPv4 range, from /16 to /24.
    """

    cidr: str = "10.10.0.0/16"


@frozen
class ExistingNetwork:
    """A network that is there already.

    - `id`: its ID: of an AWS VPC, a Google Cloud network or an Azure virtual network. On the last
      two `subnets` then holds IDs as well. Expressions of a network in the same stack fit here;
      nothing is looked up.
    - `name`: the network's name, in place of `id`; on AWS its Name tag.
    - `subnets`: the subnet of each zone, as in `{"us-east-1a": "subnet-0abc"}`: IDs on AWS, names
      elsewhere. The key `*` serves every zone, for clouds whose subnets span zones. Without an
      entry the only subnet of an AWS zone is looked up.
    - `resource_group`: the resource group of an Azure network, which is needed there.
    - `cidr`: the range that it has, for checks, and for the ways of other sites to it.
    - `route_tables`: the route tables that get the ways to other sites' networks, each under a name
      that becomes part of construct ids: IDs on AWS, which are needed there, names of tables in
      `resource_group` on Azure. Without any, an Azure subnet is given a table of its own.
    """

    id: str | None = None
    name: str | None = None
    subnets: Mapping[str, str] = Factory(dict)
    resource_group: str | None = None
    cidr: str | None = None
    route_tables: Mapping[str, str] = Factory(dict)

    def subnet_of(self, zone: str) -> str | None:
        """The declared subnet that serves `zone`, or None where none is declared."""
        return self.subnets.get(zone) or self.subnets.get("*")


Network = NewNetwork | ExistingNetwork
