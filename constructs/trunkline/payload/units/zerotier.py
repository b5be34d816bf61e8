"""ZeroTier, which joins an edge to the backbone."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.units.node import VendorNodeUnit

HOME = "/run/trunkline-backbone"
ZEROTIER_PORT = 9993


@frozen(kw_only=True)
class ZeroTier(VendorNodeUnit):
    """Runs the vendor's daemon with the identity that the files of `Configuration` say.

    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.zerotier
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.zerotier

    kind: ClassVar = "zerotier"
    vendors_service: ClassVar = "zerotier-one"

    @property
    def package(self) -> VendorPackage:
        # What https://install.zerotier.com writes on Debian.
        return VendorPackage(
            name="zerotier-one",
            version=self.version,
            url="https://download.zerotier.com/debian/trixie",
            suite="trixie",
            key_url="https://download.zerotier.com/contact%40zerotier.com.gpg",
            key_file="zerotier.asc",
            fingerprints=self.signing_keys,
        )

    @property
    def service(self) -> str:
        return super().service.replace("@HOME@", HOME)

    @property
    def firewall(self) -> Firewall:
        """Only the way out: each edge sends to the port from which the others send to it."""
        return Firewall(egress=(Rule(name="backbone", port=ZEROTIER_PORT, protocol="udp"),))
