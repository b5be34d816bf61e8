"""The user data of an edge: Envoy, and cloudflared where a tunnel leads to it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import frozen

from trunkline.payload.cloud_config import (
    UNITS,
    MachineFile,
    cloud_config,
    fetcher,
    hardening,
    packaged,
    unit,
)
from trunkline.payload.packages import CLOUDFLARED, ENVOY, VendorPackage
from trunkline.payload.payload import Payload
from trunkline.payload.secret import SecretSource

INSTALLER = "/usr/local/lib/trunkline/install"
CLIENT_CA = "/etc/envoy/cloudflare-origin-pull-ca.pem"
CERTIFICATE = "/run/trunkline-edge/tls.crt"
PRIVATE_KEY = "/run/trunkline-edge/tls.key"
# As in files/edge.service, but for the machine's own paths.
ENVOY_FLAGS = ("--disable-hot-restart", "--drain-time-s", "5", "--log-level", "warning")
ADMIN_SOCKET = "/run/trunkline-edge/admin.sock"


@frozen(kw_only=True)
class EdgePayload(Payload):
    """An Envoy; `bootstrap` is its configuration.

    `tunnel_token` says how to read the token of a tunnel. A `public` edge makes itself a
    certificate and lets in Cloudflare's client certificate only.
    """

    bootstrap: Mapping[str, object]
    tunnel_token: SecretSource | None = None
    public: bool = False

    @property
    def remedy(self) -> str:
        return "use fewer or shorter route prefixes"

    def user_data(self) -> str:
        return _user_data(self)


def _user_data(payload: EdgePayload) -> str:
    packages = [ENVOY] if payload.tunnel_token is None else [ENVOY, CLOUDFLARED]
    units = [f"trunkline-{name}.service" for name in ("edge", "tunnel")[: len(packages)]]
    return cloud_config(
        [
            MachineFile("/etc/envoy/envoy.json", _compact(payload.bootstrap)),
            hardening(),
            unit("edge", packaged("edge.service")),
            MachineFile(INSTALLER, packaged("install.sh"), "0755"),
            *(_sources(package) for package in packages),
            *_tunnel_files(payload.tunnel_token),
            *(_public_files() if payload.public else ()),
        ],
        [
            [INSTALLER, *map(_requirement, packages)],
            # Not waiting: the token may be readable later, and systemd tries again by itself.
            ["systemctl", "enable", "--now", "--no-block", *units],
        ],
    )


def _tunnel_files(token: SecretSource | None) -> list[MachineFile]:
    if token is None:
        return []
    return [
        fetcher(token),
        unit(
            "tunnel", packaged("tunnel.service").replace("@ARGUMENTS@", " ".join(token.arguments))
        ),
    ]


def _public_files() -> list[MachineFile]:
    return [
        MachineFile(CLIENT_CA, packaged("cloudflare-origin-pull-ca.pem")),
        MachineFile(f"{UNITS}/trunkline-edge.service.d/20-public.conf", packaged("public.conf")),
    ]


def _sources(package: VendorPackage) -> MachineFile:
    return MachineFile(f"/etc/apt/sources.list.d/{package.name}.sources", package.sources)


def _requirement(package: VendorPackage) -> str:
    return f"{package.name}={package.version},{package.key_file},{package.key_url}"


def _compact(bootstrap: Mapping[str, object]) -> str:
    # AWS takes 16 KB of user data in all, so no white space.
    return json.dumps(bootstrap, separators=(",", ":")) + "\n"
