"""An xDS server over gRPC and TLS: it gives every Envoy what is in a file, also when that changes.

Usage: server.py HOST:PORT CERTIFICATE KEY RESOURCES [CLIENTS]. The file RESOURCES is JSON with a
`version`, and `listeners`, `routes` and `clusters` as Envoy's own JSON. It serves clients alone
whose certificates the authority in CLIENTS has signed. It prints a line of JSON for each stream,
for each node that asks, and for each answer that was refused. It runs in an environment of its own
(requirements.txt).
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import queue
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from google.protobuf import json_format

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
KINDS = {
    "envoy.config.listener.v3.Listener": (Listener, "listeners"),
    "envoy.config.route.v3.RouteConfiguration": (RouteConfiguration, "routes"),
    "envoy.config.cluster.v3.Cluster": (Cluster, "clusters"),
}


def import_extensions() -> None:
    """Extensions stand in an Any, whose type must be known before it is read."""
    extensions = importlib.import_module("envoy.extensions")
    for module in pkgutil.walk_packages(extensions.__path__, "envoy.extensions."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)


@dataclass
class Server:
    """Gives each stream the state of the world, whenever the file changes."""

    file: Path

    def stream(self, requests: Any, context: Any) -> Iterator[Any]:
        _greet(context)
        asked: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=_read, args=(requests, asked), daemon=True).start()
        sent: dict[str, str] = {}
        while context.is_active():
            try:
                request = asked.get(timeout=0.05)
            except queue.Empty:
                pass
            else:
                _tell(request)
                sent.setdefault(request.type_url, "")
            world = json.loads(self.file.read_text())
            for kind in [each for each, version in sent.items() if version != world["version"]]:
                sent[kind] = world["version"]
                if answer := _answer(kind, world):
                    yield answer


def _read(requests: Any, asked: queue.Queue[Any]) -> None:
    try:
        for request in requests:
            asked.put(request)
    except grpc.RpcError:
        pass  # the stream has ended


def _greet(context: Any) -> None:
    headers = dict(context.invocation_metadata())
    [name, *_] = context.auth_context().get("x509_common_name", [b""])
    shown = {"certificate": name.decode(), "authorization": headers.get("authorization")}
    print(json.dumps({"shown": shown}), flush=True)


def _tell(request: Any) -> None:
    if request.node.id:
        print(json.dumps({"node": json_format.MessageToDict(request.node.metadata)}), flush=True)
    if request.error_detail.message:
        print(json.dumps({"refused": request.error_detail.message}), flush=True)


def _answer(type_url: str, world: dict[str, Any]) -> Any:
    kind = type_url.rpartition("/")[2]
    if kind not in KINDS:
        return None
    message, name = KINDS[kind]
    answer = DiscoveryResponse(
        version_info=world["version"], type_url=type_url, nonce=str(time.monotonic())
    )
    for each in world[name]:
        answer.resources.add().Pack(json_format.ParseDict(each, message()))
    return answer


def main(address: str, certificate: str, key: str, file: str, clients: str = "") -> None:
    import_extensions()
    server = grpc.server(ThreadPoolExecutor(8))
    stream = grpc.stream_stream_rpc_method_handler(
        Server(Path(file)).stream,
        request_deserializer=DiscoveryRequest.FromString,
        response_serializer=DiscoveryResponse.SerializeToString,
    )
    methods = {"StreamAggregatedResources": stream}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    pair = Path(key).read_bytes(), Path(certificate).read_bytes()
    roots = Path(clients).read_bytes() if clients else None
    credentials = grpc.ssl_server_credentials([pair], roots, require_client_auth=bool(roots))
    server.add_secure_port(address, credentials)
    server.start()
    print(json.dumps({"ready": True}), flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
