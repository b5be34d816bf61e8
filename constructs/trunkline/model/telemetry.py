"""Where edges send what they log and count."""

from __future__ import annotations

from attrs import frozen

from trunkline.model.upstream import Server, Upstream

OTLP_HEADER = "otlp_header"
"""The Terraform variable that takes the value of `Otlp.header`."""


@frozen(kw_only=True)
class Otlp:
    """A collector that takes OTLP over gRPC, as OpenTelemetry's does.

    - `endpoint`: where it answers, `https://host:port`.
    - `ca`: the certificate authority that its certificate must come from, in PEM. Without it: the
      public ones.
    - `header`: the header with which an edge shows who it is; its value is a secret. Without it:
      none.
    - `metrics_seconds`: how often an edge sends its statistics.
    """

    endpoint: str
    ca: str | None = None
    header: str | None = None
    metrics_seconds: int = 60

    @property
    def upstream(self) -> Upstream:
        """The collector as the service that an edge reaches."""
        return Upstream([Server.from_url(self.endpoint)], ca=self.ca, protocol="http2")


@frozen(kw_only=True)
class Telemetry:
    """What leaves the edges about their requests.

    - `otlp`: the collector that gets the logs and statistics of all edges. None: they stay on them.
    """

    otlp: Otlp | None = None
