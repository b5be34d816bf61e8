"""A key that the operator passes to a stack, as a sensitive Terraform variable."""

from __future__ import annotations

from cdktf import Fn, TerraformVariable
from constructs import Construct

from trunkline.model import OTLP_HEADER, Key


def key_variable(scope: Construct, key: Key) -> str:
    """The variable that takes a key, as an expression.

    It has a default, which its validation refuses: cdktf-cli waits for ever where Terraform asks
    for a variable.
    """
    return checked_variable(
        scope,
        key.variable,
        f"The key of the {key.of}: trunkline keys makes one",
        "^[0-9a-fA-F]{64}$",
        f"The {key.of} need a key of 64 hexadecimal digits. Make one with trunkline keys, "
        f"keep it, and set TF_VAR_{key.variable} to it.",
    )


def previous_key_variable(scope: Construct, key: Key) -> str:
    """The variable that takes the key before the last one, while it is rotated; else empty."""
    return checked_variable(
        scope,
        key.previous,
        f"The key of the {key.of} before this one, while it is rotated",
        "^([0-9a-fA-F]{64})?$",
        "It has 64 hexadecimal digits, or is empty. Delete it where no key is rotated.",
    )


def header_variable(scope: Construct) -> str:
    """The variable that takes what an edge shows its collector, as an expression."""
    return checked_variable(
        scope,
        OTLP_HEADER,
        "The value of the header telemetry.otlp.header",
        "^[!-~]([ -~]{0,700}[!-~])?$",
        "The collector needs the value of a header: 1 to 702 characters of ASCII. "
        f"Set TF_VAR_{OTLP_HEADER} to it.",
    )


def checked_variable(
    scope: Construct, name: str, description: str, pattern: str, refusal: str
) -> str:
    """A sensitive variable that has to match a pattern, as an expression; else `refusal`."""
    value = sensitive_variable(scope, name, description)
    value.add_validation(
        condition=Fn.can(Fn.regex(pattern, value.string_value)), error_message=refusal
    )
    return str(value.string_value)


def sensitive_variable(scope: Construct, name: str, description: str) -> TerraformVariable:
    """A variable whose value Terraform prints nowhere; empty where it is not given."""
    return TerraformVariable(
        scope,
        name,
        type="string",
        sensitive=True,
        nullable=False,
        default="",
        description=description,
    )
