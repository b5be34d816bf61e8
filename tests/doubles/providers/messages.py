"""Schemas and values as messages of Terraform's plugin protocol 6."""

from __future__ import annotations

import json
from typing import Final

import msgpack
from tf.gen import tfplugin_pb2 as pb

from doubles.providers.values import UNKNOWN, Schema, Unknown, Value

# Terraform's msgpack extensions: an unknown value, and an unknown one with known bounds.
UNKNOWN_EXTENSION: Final = 0
UNKNOWN_EXTENSIONS: Final = (UNKNOWN_EXTENSION, 12)
# `write_only = 11` is younger than the generated classes: field 11, varint, true.
WRITE_ONLY_ON_THE_WIRE: Final = b"\x58\x01"
FLAGS: Final = ("required", "optional", "computed", "sensitive", "deprecated")
BLOCK_NESTING: Final = pb.Schema.NestedBlock.NestingMode
OBJECT_NESTING: Final = pb.Schema.Object.NestingMode


def decode(value: pb.DynamicValue) -> Value:
    """The value that Terraform sent."""
    return msgpack.unpackb(value.msgpack, ext_hook=_from_extension, strict_map_key=False)


def _from_extension(code: int, _: bytes) -> Unknown:
    if code not in UNKNOWN_EXTENSIONS:
        raise ValueError(f"msgpack extension {code} is not one of Terraform's")
    return UNKNOWN


def encode(value: Value) -> pb.DynamicValue:
    """The value as Terraform reads it."""
    return pb.DynamicValue(msgpack=msgpack.packb(value, default=_to_extension))


def _to_extension(value: Value) -> msgpack.ExtType:
    if value is not UNKNOWN:
        raise TypeError(f"cannot send {value!r}")
    return msgpack.ExtType(UNKNOWN_EXTENSION, b"\0")


def to_schema(schema: Schema) -> pb.Schema:
    """A schema of `terraform providers schema -json` as a protocol message."""
    return pb.Schema(version=schema.get("version", 0), block=to_block(schema["block"]))


def to_block(block: Schema) -> pb.Schema.Block:
    """A block with its attributes and the blocks inside it."""
    nested = block.get("block_types", {})
    return pb.Schema.Block(
        attributes=to_attributes(block),
        block_types=[to_nested_block(name, nested[name]) for name in sorted(nested)],
        deprecated=block.get("deprecated", False),
    )


def to_attributes(block: Schema) -> list[pb.Schema.Attribute]:
    """The attributes of a block or of a nested attribute type, sorted by name."""
    held = block.get("attributes", {})
    return [to_attribute(name, held[name]) for name in sorted(held)]


def to_attribute(name: str, schema: Schema) -> pb.Schema.Attribute:
    """One attribute, of a plain type or of a nested attribute type."""
    flags = {flag: True for flag in FLAGS if schema.get(flag)}
    message = pb.Schema.Attribute(name=name, **flags)
    if nested := schema.get("nested_type"):
        nesting = OBJECT_NESTING.Value(nested["nesting_mode"].upper())
        message.nested_type.CopyFrom(
            pb.Schema.Object(attributes=to_attributes(nested), nesting=nesting)
        )
    else:
        message.type = json.dumps(schema["type"]).encode()
    if schema.get("write_only"):
        message.MergeFromString(WRITE_ONLY_ON_THE_WIRE)
    return message


def to_nested_block(name: str, schema: Schema) -> pb.Schema.NestedBlock:
    """One kind of block inside a block, with how many of it there may be."""
    return pb.Schema.NestedBlock(
        type_name=name,
        block=to_block(schema["block"]),
        nesting=BLOCK_NESTING.Value(schema["nesting_mode"].upper()),
        min_items=schema.get("min_items", 0),
        max_items=schema.get("max_items", 0),
    )


def diagnostic(summary: str, detail: str = "") -> pb.Diagnostic:
    """An error in the words that Terraform prints."""
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=summary, detail=detail)
