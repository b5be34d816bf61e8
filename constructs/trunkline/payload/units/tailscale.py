"""Tailscale, which joins an edge to the backbone."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.units.node import VendorNodeUnit


@frozen(kw_only=True)
class Tailscale(VendorNodeUnit):
    """Logs the vendor's daemon in with the auth key that `Configuration` writes, and keeps it so.

    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.tailscale
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.tailscale

    kind: ClassVar = "tailscale"
    vendors_service: ClassVar = "tailscaled"

    @property
    def package(self) -> VendorPackage:
        # https://pkgs.tailscale.com/stable/#debian-trixie
        return VendorPackage(
            name="tailscale",
            version=self.version,
            url="https://pkgs.tailscale.com/stable/debian",
            suite="trixie",
            key_url="https://pkgs.tailscale.com/stable/debian/trixie.noarmor.gpg",
            key_file="tailscale.gpg",
            fingerprints=self.signing_keys,
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: each edge sends to the port from which the others send to it.

        https://tailscale.com/kb/1082/firewall-ports
        """
        return Firewall(
            egress=(
                Rule(name="backbone-41641", port=41641, protocol="udp"),
                Rule(name="backbone-stun", port=3478, protocol="udp"),
            )
        )
