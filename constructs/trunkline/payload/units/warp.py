"""Cloudflare's WARP client, which joins an edge to the backbone as a node of its mesh."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.units.node import VendorNodeUnit

# Of MASQUE; registration and its own fallback take HTTPS, which every machine may send.
# https://developers.cloudflare.com/cloudflare-one/team-and-resources/devices/cloudflare-one-client/deployment/firewall/
INGRESS = ("162.159.197.0/24",)


@frozen(kw_only=True)
class Warp(VendorNodeUnit):
    """Registers the vendor's daemon with the token that `Configuration` writes, and connects it.

    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.warp
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.warp

    kind: ClassVar = "warp"
    vendors_service: ClassVar = "warp-svc"

    @property
    def package(self) -> VendorPackage:
        # https://developers.cloudflare.com/mesh/guides/run-mesh-on-linux/ ; the key is in ASCII.
        return VendorPackage(
            name="cloudflare-warp",
            version=self.version,
            url="https://pkg.cloudflareclient.com",
            suite="trixie",
            key_url="https://pkg.cloudflareclient.com/pubkey.gpg",
            key_file="cloudflare-warp.asc",
            fingerprints=self.signing_keys,
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: all that reaches the machine comes through what it has opened."""
        return Firewall(
            egress=(Rule(name="backbone-443", port=443, protocol="udp", cidrs=INGRESS),)
        )
