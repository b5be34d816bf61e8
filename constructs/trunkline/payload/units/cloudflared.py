"""cloudflared, which opens a tunnel from an edge to Cloudflare."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.unit import LocalUnit, Unit, packaged
from trunkline.payload.units.configuration import TOKEN

# The one of Cloudflare's ranges in which all addresses lie that agents connect to, 198.41.192.* and
# 198.41.200.* , https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/tunnel-with-firewall/
TUNNELS = ("198.41.128.0/17",)


@frozen(kw_only=True)
class Cloudflared(Unit):
    """cloudflared, with the token of its tunnel in the file that `Configuration` writes.

    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.cloudflared
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.cloudflared

    name: ClassVar = "tunnel"
    remedy: ClassVar = "use a shorter name of the topology"

    @property
    def package(self) -> VendorPackage:
        # https://pkg.cloudflare.com/index.html ; --token-file since 2025.4.
        return VendorPackage(
            name="cloudflared",
            version=self.version,
            url="https://pkg.cloudflare.com/cloudflared",
            suite="any",
            key_url="https://pkg.cloudflare.com/cloudflare-main.gpg",
            key_file="cloudflared.gpg",
            fingerprints=self.signing_keys,
        )

    @property
    def service(self) -> str:
        return packaged("tunnel.service").replace("@TOKEN@", TOKEN)

    @property
    def firewall(self) -> Firewall:
        return Firewall(
            egress=(
                Rule(name="tunnel-quic", port=7844, protocol="udp", cidrs=TUNNELS),
                Rule(name="tunnel-http2", port=7844, cidrs=TUNNELS),
            )
        )

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError(
            "no tunnel leads to an edge on this machine; use the exposure Loopback"
        )
