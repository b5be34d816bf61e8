"""A collector of OpenTelemetry: it takes logs and metrics over gRPC, and keeps them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
from attrs import Factory, define
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

_SERVICE = "opentelemetry.proto.collector"


@define
class Received:
    """What came: the whole messages, and the metadata of each call."""

    port: int = 0
    logs: list[Any] = Factory(list)
    metrics: list[Any] = Factory(list)
    metadata: list[Mapping[str, str]] = Factory(list)
    silent: bool = False
    """Whether calls get no answer, until the end."""

    @property
    def records(self) -> list[dict[str, str]]:
        """The attributes of every record of the logs, with its body as `body`."""
        found = []
        for resource in (each for message in self.logs for each in message.resource_logs):
            for record in (each for scope in resource.scope_logs for each in scope.log_records):
                body = {"body": record.body.string_value}
                found.append({**_texts(record.attributes), **body})
        return found

    @property
    def resources(self) -> dict[str, list[dict[str, str]]]:
        """The attributes of the resources of all logs and of all metrics."""
        logs = [each for message in self.logs for each in message.resource_logs]
        metrics = [each for message in self.metrics for each in message.resource_metrics]
        return {
            kind: [_texts(each.resource.attributes) for each in found]
            for kind, found in (("logs", logs), ("metrics", metrics))
        }

    @property
    def metric_names(self) -> set[str]:
        resources = (each for message in self.metrics for each in message.resource_metrics)
        scopes = (scope for resource in resources for scope in resource.scope_metrics)
        return {metric.name for scope in scopes for metric in scope.metrics}


def _texts(attributes: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in attributes}


@contextmanager
def collector(
    credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> Iterator[Received]:
    """A collector on loopback, over TLS where it has credentials."""
    received, ended = Received(), threading.Event()

    def export(kind: list[Any], response: Any) -> Any:
        def behave(message: Any, context: grpc.ServicerContext) -> Any:
            if received.silent:
                ended.wait()
            received.metadata.append(dict(context.invocation_metadata()))
            kind.append(message)
            return response()

        return behave

    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        for name, request, behave in (
            (
                f"{_SERVICE}.logs.v1.LogsService",
                ExportLogsServiceRequest,
                export(received.logs, ExportLogsServiceResponse),
            ),
            (
                f"{_SERVICE}.metrics.v1.MetricsService",
                ExportMetricsServiceRequest,
                export(received.metrics, ExportMetricsServiceResponse),
            ),
        ):
            handler = grpc.unary_unary_rpc_method_handler(
                behave,
                request_deserializer=request.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            handlers = grpc.method_handlers_generic_handler(name, {"Export": handler})
            server.add_generic_rpc_handlers((handlers,))
        at = f"127.0.0.1:{port}"
        received.port = (
            server.add_secure_port(at, credentials) if credentials else server.add_insecure_port(at)
        )
        server.start()
        try:
            yield received
        finally:
            ended.set()
            server.stop(0).wait()
