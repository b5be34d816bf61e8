"""Where Logpush sends its lines, which the operator passes to a stack."""

from __future__ import annotations

from attrs import frozen
from constructs import Construct

from trunkline.model import LOGPUSH_CHALLENGE, LOGPUSH_DESTINATION
from trunkline.patterns.key_variable import checked_variable, sensitive_variable


@frozen(kw_only=True)
class Logpush:
    """Where Cloudflare sends a line for every request to the hostname; Enterprise only.

    Both may hold a secret: give Terraform expressions. Terraform's state holds them in clear text,
    because Cloudflare's provider takes them no other way.

    - `destination`: a bucket or a log service, as a URL of Logpush's.
    - `ownership_challenge`: what stands in the file that Cloudflare has written there, for
      destinations that must prove that they are yours. Without it: none.
    """

    destination: str
    ownership_challenge: str | None = None


def logpush_variables(scope: Construct) -> Logpush:
    """The sensitive variables that take both; the first has a default, which it refuses."""
    destination = checked_variable(
        scope,
        LOGPUSH_DESTINATION,
        "Where Logpush sends its lines",
        "^[a-z0-9]+://.+",
        "routing.logpush needs a destination such as s3://bucket/logs?region=eu-central-1. "
        f"Set TF_VAR_{LOGPUSH_DESTINATION} to it.",
    )
    challenge = sensitive_variable(
        scope, LOGPUSH_CHALLENGE, "What shows Logpush that the destination is yours; else empty"
    )
    # A provider takes an empty text for a challenge, and null for none.
    given = f'${{var.{challenge.node.id} == "" ? null : var.{challenge.node.id}}}'
    return Logpush(destination=destination, ownership_challenge=given)
