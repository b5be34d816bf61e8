"""The user data of an edge: Envoy, and cloudflared where a tunnel leads to it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import frozen

from trunkline.payload.cloud_config import (
    UNITS,
    MachineFile,
    cloud_config,
    hardening,
    packaged,
    unit,
)
from trunkline.payload.packages import CLOUDFLARED, ENVOY, VendorPackage
from trunkline.payload.payload import Payload
from trunkline.payload.secret import SecretSource

FETCHER = "/usr/local/lib/trunkline/fetch-secret"
INSTALLER = "/usr/local/lib/trunkline/install"
CLIENT_CA = "/etc/envoy/cloudflare-origin-pull-ca.pem"
CERTIFICATE = "/run/trunkline-edge/tls.crt"
PRIVATE_KEY = "/run/trunkline-edge/tls.key"
ADMIN_SOCKET = "/run/trunkline-edge/admin.sock"


@frozen(kw_only=True)
class EdgePayload(Payload):
    """An Envoy; `bootstrap` is its configuration.

    `tunnel_token` says how to read the token of a tunnel; None stands for a public edge, which
    makes itself a certificate and lets in Cloudflare's client certificate only.
    """

    bootstrap: Mapping[str, object]
    tunnel_token: SecretSource | None

    def user_data(self) -> str:
        return _user_data(self)


def _user_data(payload: EdgePayload) -> str:
    packages = [ENVOY] if payload.tunnel_token is None else [ENVOY, CLOUDFLARED]
    units = [f"trunkline-{name}.service" for name in ("edge", "tunnel")[: len(packages)]]
    exposed = (
        _public_files() if payload.tunnel_token is None else _tunnel_files(payload.tunnel_token)
    )
    return cloud_config(
        [
            MachineFile("/etc/envoy/envoy.json", _compact(payload.bootstrap)),
            hardening(),
            unit("edge", packaged("edge.service")),
            MachineFile(INSTALLER, packaged("install.sh"), "0755"),
            *(_sources(package) for package in packages),
            *exposed,
        ],
        [
            [INSTALLER, *map(_requirement, packages)],
            # Not waiting: the token may be readable later, and systemd tries again by itself.
            ["systemctl", "enable", "--now", "--no-block", *units],
        ],
    )


def _tunnel_files(token: SecretSource) -> list[MachineFile]:
    return [
        MachineFile(FETCHER, "#!/usr/bin/python3\n" + token.script, "0755"),
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
