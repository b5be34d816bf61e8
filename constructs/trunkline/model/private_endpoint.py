"""Private endpoints: how a cloud offers its services inside a network."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from trunkline.model.converters import texts

PrivateKind = Literal["interface_endpoint", "gateway_endpoint", "private_access", "private_link"]


@frozen(kw_only=True)
class PrivateEndpoint:
    """A private endpoint by which a cloud offers one of its services inside a network.

    - `kind`: what it is. `interface_endpoint` and `gateway_endpoint` are AWS's,
      `private_access` is Google's, `private_link` is Azure's.
    - `service`: what it leads to: the endpoint service, the name of the addresses for all APIs, or
      the subresource.
    - `hosts`: which of the service's hosts it answers for.
    - `zone`: the private DNS zone of the cloud's own records for it. None: it needs none.
    - `resource_type`: what a resource of the user's own must be, to which it leads. None: it leads
      to the service itself.
    """

    kind: PrivateKind
    service: str
    hosts: tuple[str, ...] = field(converter=texts)
    zone: str | None = None
    resource_type: str | None = None

    @property
    def of_one_region(self) -> bool:
        """Whether it is in the region of what it leads to, and nowhere else."""
        return self.kind in ("interface_endpoint", "gateway_endpoint")
