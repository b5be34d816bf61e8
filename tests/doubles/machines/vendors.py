"""The package repositories that machines install from, the same for all of a session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from doubles.services.packages import PackageHost, SigningKey, repository
from doubles.services.web import Doubles

from . import rootfs

_DOUBLE = Path(__file__).parents[1] / "services" / "cloudflared.py"
_CLOUDFLARED = """\
Package: cloudflared
Version: 2026.9.3
Architecture: all
Maintainer: trunkline tests <tests@example.com>
Depends: python3
Description: A double of the tunnel agent
"""


@dataclass(frozen=True)
class Vendors:
    http: Doubles
    https: Doubles
    archive_key: str  # of the Debian double, which the image trusts

    def with_envoy_signed_by(
        self, images: rootfs.Images, key: SigningKey, *, published: bool
    ) -> Vendors:
        """The same, but Envoy's repository is signed with another key.

        Its address gives that key as well if it is `published`, else still the first one.
        """
        given = key.armored if published else self.archive_key.encode()
        forged = _envoy(images, key) | {"/signing.key": given}
        return replace(self, https={**self.https, "apt.envoyproxy.io": PackageHost(forged)})


def vendors(images: rootfs.Images, folder: Path, key: SigningKey) -> Vendors:
    """Debian, Envoy's and Cloudflare's repositories at their own addresses, signed with `key`."""
    architecture = rootfs.architecture()
    debian = repository("/debian", rootfs.SUITE, architecture, images.debs, key)
    envoy = _envoy(images, key)
    agent = repository("/cloudflared", "any", architecture, [_cloudflared(folder)], key)
    return Vendors(
        http={"deb.debian.org": PackageHost(debian)},
        https={
            "apt.envoyproxy.io": PackageHost({**envoy, "/signing.key": key.armored}),
            "pkg.cloudflare.com": PackageHost({**agent, "/cloudflare-main.gpg": key.binary}),
        },
        archive_key=key.armored.decode(),
    )


def _envoy(images: rootfs.Images, key: SigningKey) -> dict[str, bytes | Path]:
    return repository("", rootfs.SUITE, rootfs.architecture(), [images.envoy], key)


def _cloudflared(folder: Path) -> Path:
    program = folder / "cloudflared/usr/bin/cloudflared"
    program.parent.mkdir(parents=True)
    program.write_bytes(_DOUBLE.read_bytes())
    program.chmod(0o755)
    rootfs.pack(folder / "cloudflared", _CLOUDFLARED, folder / "cloudflared.deb")
    return folder / "cloudflared.deb"
