"""Where an edge takes what it serves from, other than from trunkline."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen

from trunkline.model.upstream import Server, Upstream

CONTROL_PLANE_CERTIFICATE = "control_plane_certificate"
"""The Terraform variable that takes certificate and key of `ControlPlane.client_certificate`."""

CONTROL_PLANE_HEADER = "control_plane_header"
"""The Terraform variable that takes the value of `ControlPlane.header`."""


@frozen(kw_only=True)
class ControlPlane:
    """An xDS server, which gives edges their listeners, routes and clusters.

    - `xds`: where it answers over gRPC, `https://host:port`.
    - `ca`: the certificate authority that its certificate must come from, in PEM. Without it: the
      public ones.
    - `server_name`: the name that its certificate must have. Without it: the host of `xds`.
    - `metadata`: what the node of an edge tells it, beside its site and zone.
    - `client_certificate`: whether an edge shows it a certificate; certificate and key are secrets.
    - `header`: the header with which an edge shows who it is; its value is a secret. Without it:
      none.
    """

    xds: str
    ca: str | None = None
    server_name: str | None = None
    metadata: Mapping[str, str] = Factory(dict)
    client_certificate: bool = False
    header: str | None = None

    @property
    def upstream(self) -> Upstream:
        """The server as the service that an edge reaches."""
        server = Server.from_url(self.xds)
        return Upstream([server], ca=self.ca, server_name=self.server_name, protocol="http2")
