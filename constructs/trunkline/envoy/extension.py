"""Envoy's way to embed an extension's configuration."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]


def typed(type_name: str, **config: Any) -> JsonObject:
    """`config` as a protobuf `Any`; `type_name` is the message's name below `envoy.`."""
    return {"@type": f"type.googleapis.com/envoy.{type_name}", **config}


def extension(name: str, type_name: str, **config: Any) -> JsonObject:
    """A named extension (filter, transport socket, access log, monitor) with its configuration."""
    return {"name": name, "typed_config": typed(type_name, **config)}
