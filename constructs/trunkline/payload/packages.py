"""The vendors' signed package repositories, and the versions that machines install.

The key is fetched from the vendor over HTTPS on the first boot, as the vendors' own instructions
do; apt then trusts it for this repository alone.
"""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class VendorPackage:
    """A package at its pinned version, with the apt repository that it comes from."""

    name: str
    version: str
    url: str
    suite: str
    key_url: str
    key_file: str

    @property
    def sources(self) -> str:
        """The deb822 entry for /etc/apt/sources.list.d."""
        return (
            f"Types: deb\nURIs: {self.url}\nSuites: {self.suite}\nComponents: main\n"
            f"Signed-By: /etc/apt/keyrings/{self.key_file}\n"
        )


# https://www.envoyproxy.io/docs/envoy/latest/start/install ; trixie packages since 1.37.
ENVOY = VendorPackage(
    name="envoy",
    version="1.40.0",
    url="https://apt.envoyproxy.io",
    suite="trixie",
    key_url="https://apt.envoyproxy.io/signing.key",
    key_file="envoy.asc",
)

# https://pkg.cloudflare.com/index.html ; --token-file since 2025.4.
CLOUDFLARED = VendorPackage(
    name="cloudflared",
    version="2026.9.3",
    url="https://pkg.cloudflare.com/cloudflared",
    suite="any",
    key_url="https://pkg.cloudflare.com/cloudflare-main.gpg",
    key_file="cloudflared.gpg",
)
