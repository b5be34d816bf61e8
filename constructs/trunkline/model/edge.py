"""How edges are reached, and how they learn what they serve."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from trunkline.model.control_plane import ControlPlane
from trunkline.model.converters import texts

Exposure = Literal["tunnel", "public"]


EDGE_KEY_HEADER = "trunkline-edge-key"
"""Carries the key of the edges with every request of the ingress."""

DEFAULT_POLL_SECONDS = 30

Underscores = Literal["reject", "drop", "keep"]


@frozen(kw_only=True)
class Http:
    """How edges take requests.

    - `headers_with_underscores`: what becomes of a request that has one: it is refused with 400, it
      passes without that header, or as it is. Some services take `a_b` for `a-b`.
    - `request_seconds`: how long a request may take to arrive, with its body.
    """

    headers_with_underscores: Underscores = "reject"
    request_seconds: int = 600


@frozen(kw_only=True)
class SigningKeys:
    """Whose signatures count for the vendors' repositories: one of these keys, and no other.

    A key is known by its fingerprint, 40 hexadecimal digits in capitals.

    - `envoy`: the keys of https://apt.envoyproxy.io.
    - `cloudflared`: the keys of https://pkg.cloudflare.com.
    - `tailscale`: the keys of https://pkgs.tailscale.com.
    - `zerotier`: the keys of https://download.zerotier.com.
    - `warp`: the keys of https://pkg.cloudflareclient.com.
    """

    # Of signing.key there, and on keyserver.ubuntu.com, from where it verifies the checksums of
    # Envoy's releases too; https://github.com/envoyproxy/apt signs with the maintainers' key.

    envoy: tuple[str, ...] = field(
        default=("0AFCE836BA4D1D35763C8523D8CDC3750181F31F",), converter=texts
    )
    # Of cloudflare-main.gpg there, made in October 2025, and the one before.
    cloudflared: tuple[str, ...] = field(
        default=(
            "CC94B39C77AE7342A68B89628A682D308D4E5E73",
            "FBA8C0EE63617C5EED695C43254B391D8CACCBF8",
        ),
        converter=texts,
    )
    # Of stable/debian/trixie.noarmor.gpg there.
    tailscale: tuple[str, ...] = field(
        default=("2596A99EAAB33821893C0A79458CA832957F5868",), converter=texts
    )
    # Of doc/contact@zerotier.com.gpg in https://github.com/zerotier/ZeroTierOne.
    zerotier: tuple[str, ...] = field(
        default=("74A5E9C458E1A431F1DA57A71657198823E52A61",), converter=texts
    )
    # Of pubkey.gpg there; the key stayed when it was renewed in September 2025.
    warp: tuple[str, ...] = field(
        default=("C068A2B5771775193CBE1F2F6E2DD2174FA1C3BA",), converter=texts
    )


DEFAULT_SIGNING_KEYS = SigningKeys()


@frozen(kw_only=True)
class Versions:
    """The versions of what edges run, as the vendors' repositories name them.

    - `envoy`: of the package in https://apt.envoyproxy.io.
    - `cloudflared`: of the package in https://pkg.cloudflare.com.
    - `tailscale`: of the package in https://pkgs.tailscale.com.
    - `zerotier`: of the package in https://download.zerotier.com.
    - `warp`: of the package cloudflare-warp in https://pkg.cloudflareclient.com.
    - `signing_keys`: the keys that these repositories are signed with.
    """

    envoy: str = "1.40.0"
    cloudflared: str = "2026.9.3"
    tailscale: str = "1.102.4"
    zerotier: str = "1.16.2"
    warp: str = "2026.7.1377.0"
    signing_keys: SigningKeys = DEFAULT_SIGNING_KEYS


DEFAULT_HTTP, DEFAULT_VERSIONS = Http(), Versions()


@frozen(kw_only=True)
class Management:
    """What an edge answers for operators, behind Cloudflare Access.

    - `hostname`: the name for that (see `EdgeOrigin`).
    - `audience`: of the Access application before that name, as its tokens say; a Terraform
      expression.
    - `prefixes`: those of the edge's routes that it answers.
    """

    hostname: str
    audience: str
    prefixes: tuple[str, ...] = field(converter=texts)


@frozen(kw_only=True)
class Edge:
    """What all edges share.

    - `exposure`: reached through a tunnel (no inbound port) or publicly by Cloudflare.
    - `replicas`: how many each site has, each in a zone of its own.
    - `poll_seconds`: how often an edge looks for a new configuration in its cloud's secret store.
    - `http`: how they take requests.
    - `versions`: of what they run.
    - `control_plane`: gives them what they serve. Without it: the stacks do, by the cloud's secret
      store.
    """

    exposure: Exposure = "tunnel"
    replicas: int = 1
    poll_seconds: int = DEFAULT_POLL_SECONDS
    http: Http = DEFAULT_HTTP
    versions: Versions = DEFAULT_VERSIONS
    control_plane: ControlPlane | None = None
