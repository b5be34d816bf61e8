"""Where an edge sends its log of requests and its statistics: OTLP over gRPC, by Envoy itself.

The cluster and the statistics stand in the bootstrap, because Envoy takes sinks of statistics
nowhere else; the log stands in the listener.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trunkline.envoy.access_log import FIELDS, limited
from trunkline.envoy.cluster import authority_of, cluster
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.shown import OTLP_CREDENTIAL, show_header
from trunkline.model import Upstream

_CLUSTER = "otlp"

# What a collector has not taken yet is all that Envoy holds for it: so many calls of 16 KB of log
# each (its default), and statistics. What comes on top is dropped and counted.
_MAX_CALLS = 16
_TIMEOUT = "5s"


@frozen(kw_only=True)
class Collector:
    """The collector behind `upstream`, and the attributes of this edge (OpenTelemetry's resource).

    It gets the statistics every `seconds`. With `header` each call carries that one; its value is
    in a file of `folder` (`show_header`).
    """

    upstream: Upstream
    attributes: Mapping[str, str]
    seconds: int
    header: str | None = None
    folder: str = ""

    def cluster(self) -> JsonObject:
        """The cluster that the log and the statistics share.

        An edge serves before the collector's name is resolved, and without it.
        """
        made = cluster(_CLUSTER, self.upstream, _MAX_CALLS)
        if self.header:
            made = show_header(made, self.header, OTLP_CREDENTIAL, self.folder)
        return {**made, "wait_for_warm_on_init": False}

    def statistics(self) -> JsonObject:
        """What a bootstrap says about statistics.

        https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/stat_sinks/open_telemetry/v3/open_telemetry.proto
        """
        detector = extension(
            "envoy.tracers.opentelemetry.resource_detectors.static_config",
            "extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig",
            attributes=dict(self.attributes),
        )
        sink = extension(
            "envoy.stat_sinks.open_telemetry",
            "extensions.stat_sinks.open_telemetry.v3.SinkConfig",
            grpc_service=self._grpc(),
            resource_detectors=[detector],
            prefix="envoy",
        )
        return {"stats_sinks": [sink], "stats_flush_interval": f"{self.seconds}s"}

    def log(self, limit: str | None = None) -> JsonObject:
        """The log with the fields of every other; `limit` is as of `access_log`.

        https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/access_loggers/open_telemetry/v3/logs_service.proto
        """
        log = extension(
            "envoy.access_loggers.open_telemetry",
            "extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig",
            grpc_service=self._grpc(),
            disable_builtin_labels=True,
            resource_attributes=_key_values(self.attributes),
            body={"string_value": "%REQ(:METHOD)% %PATH(NQ:PATH)% %RESPONSE_CODE%"},
            attributes=_key_values(FIELDS),
        )
        return {**log, "filter": limited(limit)}

    def _grpc(self) -> JsonObject:
        [server] = self.upstream.servers
        # By default the authority is the cluster's name, and two headers name this machine.
        service = {
            "cluster_name": _CLUSTER,
            "authority": authority_of(server),
            "skip_envoy_headers": True,
        }
        return {"envoy_grpc": service, "timeout": _TIMEOUT}


def _key_values(values: Mapping[str, str]) -> JsonObject:
    return {"values": [{"key": k, "value": {"string_value": v}} for k, v in values.items()]}
