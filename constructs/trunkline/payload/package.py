"""A vendor's signed package.

The key is fetched from the vendor over HTTPS on the first boot, as the vendors' own instructions
do. For this repository apt takes no signature but those of keys with known fingerprints, whatever
that file holds: see Signed-By in
https://manpages.debian.org/trixie/apt/sources.list.5.en.html
"""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class VendorPackage:
    """A package at its pinned version, with the apt repository that it comes from.

    `fingerprints` are those of the keys of which one has to have signed the repository.
    """

    name: str
    version: str
    url: str
    suite: str
    key_url: str
    key_file: str
    fingerprints: tuple[str, ...]

    @property
    def sources(self) -> str:
        """The deb822 entry for /etc/apt/sources.list.d."""
        return (
            f"Types: deb\nURIs: {self.url}\nSuites: {self.suite}\nComponents: main\n"
            f"Signed-By: /etc/apt/keyrings/{self.key_file} {' '.join(self.fingerprints)}\n"
        )

    @property
    def requirement(self) -> str:
        """The package as files/install.sh takes it."""
        return f"{self.name}={self.version},{self.key_file},{self.key_url}"
