"""Certificates for the nodes of a backbone, signed by the operator's authority."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from ipaddress import IPv4Interface, IPv4Network

from attrs import evolve, frozen

from trunkline.backbone.certificates import AUTHORITY_DAYS, NODE_DAYS, Signer
from trunkline.deploy.keys import Keys
from trunkline.model import (
    AUTHORITY_KEY,
    EDGE_GROUP,
    RENEW_DAYS,
    Authority,
    BackboneSettings,
    Node,
    NodeKey,
)


@frozen
class Office:
    """Signs what the nodes of a backbone show one another.

    While the authority is rotated, the one before signs, which all nodes trust already; the new one
    signs when that is retired. Nodes trust the last two, so that each step may take its time.

    `networks` are the ranges of the sites' networks, by site, where nodes carry these.
    """

    name: str
    backbone: BackboneSettings
    keys: Keys
    today: date
    networks: Mapping[str, str]

    def authorities(self) -> tuple[Authority, ...]:
        """Whom nodes trust, the newest first: two at most."""
        ours = [_authority(signer) for signer in self._signers()]
        others = [each for each in self.backbone.authorities if each not in ours]
        return (*ours, *others)[:2]

    def certified(self, nodes: Mapping[str, tuple[str, Node]]) -> dict[str, Node]:
        """The nodes, given by name with their sites, with a certificate for each key."""
        *_, signer = self._signers()
        return {
            name: evolve(node, keys=[self._certified(signer, site, node, key) for key in node.keys])
            for name, (site, node) in nodes.items()
        }

    def _certified(self, signer: Signer, site: str, node: Node, key: NodeKey) -> NodeKey:
        """The key with its certificate, a new one where that ends soon or is another's."""

        def signed(expires: date) -> str:
            bits = IPv4Network(self.backbone.cidr).prefixlen
            address = IPv4Interface(f"{node.address}/{bits}")
            public = base64.b64decode(key.public_key)
            own = [self.networks[site]] if site in self.networks else []
            made = signer.node(node.name, address, (EDGE_GROUP, site), public, expires, own)
            return base64.b64encode(made).decode()

        if key.expires:
            expires = date.fromisoformat(key.expires)
            late = expires - self.today < timedelta(days=RENEW_DAYS)
            if not late and signed(expires) == key.certificate:
                return key
        expires = min(self.today + timedelta(days=NODE_DAYS), signer.expires)
        return evolve(key, certificate=signed(expires), expires=expires.isoformat())

    def _signers(self) -> Iterator[Signer]:
        """The authorities whose private keys are here, the newest first."""
        for variable in (AUTHORITY_KEY.variable, AUTHORITY_KEY.previous):
            if seed := self.keys.values.get(variable):
                yield self._known(seed) or self._signer(
                    seed, self.today + timedelta(days=AUTHORITY_DAYS)
                )

    def _known(self, seed: str) -> Signer | None:
        """The authority of the nodes file that has this private key."""
        for each in self.backbone.authorities:
            signer = self._signer(seed, date.fromisoformat(each.expires))
            if _authority(signer) == each:
                return signer
        return None

    def _signer(self, seed: str, expires: date) -> Signer:
        return Signer(seed=seed, name=self.name, expires=expires)


def _authority(signer: Signer) -> Authority:
    certificate = base64.b64encode(signer.certificate()).decode()
    return Authority(certificate=certificate, expires=signer.expires.isoformat())
