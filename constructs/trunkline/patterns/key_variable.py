"""A key that the operator passes to a stack, as a sensitive Terraform variable."""

from __future__ import annotations

from cdktf import Fn, Op, TerraformVariable
from constructs import Construct

from trunkline.backbone import Credential
from trunkline.model import CONTROL_PLANE_CERTIFICATE, Key, Node, node_key

_KEY = "^[0-9a-fA-F]{64}$"


def key_variable(scope: Construct, key: Key) -> str:
    """The variable that takes a key, as an expression.

    It has a default, which its validation refuses: cdktf-cli waits for ever where Terraform asks
    for a variable.
    """
    return checked_variable(
        scope,
        key.variable,
        f"The key of the {key.of}: trunkline keys makes one",
        _KEY,
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


def node_key_variables(scope: Construct, node: Node) -> tuple[str, ...]:
    """The variables that take a node's private keys, the newest first: ephemeral expressions."""
    key = node_key(node.name)
    names = (key.variable, key.previous)[: len(node.keys)]
    return tuple(
        ephemeral_variable(
            scope,
            name,
            f"A private key of {key.of}: trunkline keys makes it",
            f"There is no such key of {key.of}. Make it with trunkline keys, and set "
            f"TF_VAR_{name} to it.",
        )
        for name in names
    )


def credential_variable(scope: Construct, credential: Credential) -> str:
    """The variable that takes what the operator brings for a backbone: an ephemeral expression."""
    return ephemeral_variable(
        scope,
        credential.variable,
        f"For the backbone: {credential.what}",
        f"The backbone needs {credential.what}: {credential.remedy}, and set "
        f"TF_VAR_{credential.variable} to it.",
        credential.pattern,
    )


def header_variable(scope: Construct, name: str, place: str) -> str:
    """The variable `name` that takes the value of the header at `place`, as an expression."""
    return checked_variable(
        scope,
        name,
        f"The value of the header {place}",
        "^[!-~]([ -~]{0,700}[!-~])?$",
        f"{place} needs the value of a header: 1 to 702 characters of ASCII. "
        f"Set TF_VAR_{name} to it.",
    )


def certificate_variable(scope: Construct, limit: int) -> str:
    """The variable that takes the client certificate for the control plane, with its key.

    `limit` is the length that the cloud's secret store takes.
    """
    return checked_variable(
        scope,
        CONTROL_PLANE_CERTIFICATE,
        "The certificate that edges show their control plane, and its key, in PEM",
        "(?s)-----BEGIN CERTIFICATE-----.*-----BEGIN [A-Z ]*PRIVATE KEY-----"
        "|-----BEGIN [A-Z ]*PRIVATE KEY-----.*-----BEGIN CERTIFICATE-----",
        "The control plane needs a client certificate: the certificate, those between it and its "
        f"authority, and its key, in PEM, {limit} characters at most. "
        f"Set TF_VAR_{CONTROL_PLANE_CERTIFICATE} to them.",
        limit,
    )


def checked_variable(
    scope: Construct,
    name: str,
    description: str,
    pattern: str,
    refusal: str,
    limit: int | None = None,
) -> str:
    """A sensitive variable that has to match a pattern, as an expression; else `refusal`.

    With `limit` it has so many characters at most.
    """
    value = sensitive_variable(scope, name, description)
    if limit:
        fits = Op.lte(Fn.length_of(value.string_value), limit)
        value.add_validation(condition=fits, error_message=refusal)
    return _checked(value, pattern, refusal)


def ephemeral_variable(
    scope: Construct, name: str, description: str, refusal: str, pattern: str = _KEY
) -> str:
    """A variable, of 64 hexadecimal digits, that is in no state and no plan, as an expression.

    It may stand in write-only arguments and provisioners alone, and has to be given to every plan
    and again to every apply of a saved one. Terraform 1.11 or newer; `refusal` is what it says
    where the variable has another form or is not given.
    """
    value = sensitive_variable(scope, name, description)
    value.add_override("ephemeral", True)  # a word that the framework does not know
    return _checked(value, pattern, refusal)


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


def _checked(value: TerraformVariable, pattern: str, refusal: str) -> str:
    value.add_validation(
        condition=Fn.can(Fn.regex(pattern, value.string_value)), error_message=refusal
    )
    return str(value.string_value)
