"""The stack `interconnect-<site>-<site>`: a link that the clouds of two sites sell together."""

from __future__ import annotations

from cdktf import App
from constructs import Construct

from trunkline.addresses.base import edge_name
from trunkline.clouds import cloud_class
from trunkline.clouds.base import Cloud, LinkSpec
from trunkline.clouds.facts import facts_of
from trunkline.model import LinkedPair, Site, Topology
from trunkline.stacks.stack import TopologyStack


class InterconnectStack(TopologyStack):
    """Both ends of a link between the networks of two edges, which are looked up by their names.

    It has raw resources, and was never run against the clouds.
    """

    def __init__(self, app: App, topology: Topology, pair: LinkedPair) -> None:
        super().__init__(app, topology, f"interconnect-{pair.name}")
        offering, accepting = _ends(topology, pair)
        offers, accepts = self._cloud(offering), self._cloud(accepting)
        key = offers.offer_link(self._spec(pair, accepting, accepts.link_account()))
        accepts.accept_link(self._spec(pair, offering, offers.link_account()), key)

    def _cloud(self, site: Site) -> Cloud:
        """The cloud of a site; its resources stand below the site's name."""
        cloud = cloud_class(site.cloud)
        cloud.provider(self, site)
        name = edge_name(self.topology.name, site.name)
        return cloud(
            Construct(self, f"{site.name}-end"), site=site, name=name, tags=self.tags(site)
        )

    def _spec(self, pair: LinkedPair, other: Site, account: str) -> LinkSpec:
        """What an end of the link has to know of the `other` one."""
        return LinkSpec(
            name=f"{self.topology.name}-{pair.name}",
            bandwidth=pair.bandwidth,
            cloud=other.cloud,
            region=other.region,
            account=account,
            cidr=str(other.network.cidr),
        )


def _ends(topology: Topology, pair: LinkedPair) -> tuple[Site, Site]:
    """The site whose cloud makes the key of the link, and the other one."""
    first, second = (topology.site(name) for name in pair.sites)
    offers = second.cloud in facts_of(first.cloud).interconnects
    return (first, second) if offers else (second, first)
