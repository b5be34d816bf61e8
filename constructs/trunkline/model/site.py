"""A site: where the edge of one cloud stands, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, field, frozen

from trunkline.model.converters import texts
from trunkline.model.network import Network, NewNetwork
from trunkline.model.upstream import Upstream, Upstreams


def zone_name(site: str, zone: str) -> str:
    """The name of a zone in a topology and in its measurements: `site/zone`."""
    return f"{site}/{zone}"


def zone_owner(site: str, account: str | None) -> str:
    """Who names the zones of a site: its account, or the site itself where it has none."""
    return account or f"site {site}"


def _others(zones: tuple[str, ...], zone: str) -> tuple[str, ...]:
    return tuple(each for each in zones if each != zone)


@frozen(kw_only=True)
class Site:
    """One cloud account's region that takes part.

    - `name`: names the site.
    - `cloud`: the cloud; a site of `local` stands on this machine.
    - `region`: the region, as the cloud names it.
    - `zone`: the chosen zone, where the edge stands.
    - `zones`: the candidate zones, one probe each. Without it: the chosen zone.
    - `spares`: the zones of further edges (`Edge.replicas`), in this order. Without it: the other
      candidates.
    - `account`: the AWS account number, the Google project or the Azure subscription.
    - `network`: the network of the machines, a new one or one that exists. On `local` a new one
      with a range of loopback.
    - `machine`: the machine's size, as the cloud names it. None: the cheapest sensible one.
    - `deploy_as`: the AWS role or the Google service account that Terraform acts as.
    - `deployers`: the object IDs of those who may apply the site's stacks on Azure. Empty: whoever
      applies a stack first.
    - `vault_access`: the public IPv4 ranges from which the site's stacks are applied on Azure: its
      vaults answer them and the site's subnet alone. Empty: they answer every address.
    - `upstream`: the service behind the edge. None: the edge answers and says where it stands.
    - `upstreams`: more services, by the name that a route has for one (`Forwarding.upstream`).
    """

    name: str
    cloud: str
    region: str
    zone: str
    zones: tuple[str, ...] = field(
        default=Factory(lambda self: (self.zone,), takes_self=True), converter=texts
    )
    spares: tuple[str, ...] = field(
        default=Factory(lambda self: _others(self.zones, self.zone), takes_self=True),
        converter=texts,
    )
    account: str | None = None
    network: Network = NewNetwork()
    machine: str | None = None
    deploy_as: str | None = None
    deployers: tuple[str, ...] = field(default=(), converter=texts)
    vault_access: tuple[str, ...] = field(default=(), converter=texts)
    upstream: Upstream | None = None
    upstreams: Mapping[str, Upstream] = Factory(dict)

    @property
    def services(self) -> Upstreams:
        """Every upstream by its name; that of routes which name none has the name None."""
        found: dict[str | None, Upstream] = {None: self.upstream} if self.upstream else {}
        found.update(self.upstreams.items())
        return found
