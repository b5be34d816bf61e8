"""How long the certificates that were met are valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from trunkline.check.asking import Answer
from trunkline.check.line import CheckLine, State

# Cloudflare renews its certificates of 90 days a month before they end:
# https://developers.cloudflare.com/ssl/reference/certificate-validity-periods/
SOON = 14


def certificate(host: str, answer: Answer) -> Iterator[CheckLine]:
    """How long the certificate of an answer is valid; one that has ended gives no answer."""
    if answer.expires is None:
        return
    days = (answer.expires - datetime.now(UTC)).days
    said = f"valid for {days} days, until {answer.expires:%Y-%m-%d}"
    if days >= SOON:
        yield CheckLine("certificate", host, State.OK, said)
    else:
        remedy = "look why Cloudflare has not renewed it: SSL/TLS, Edge Certificates"
        yield CheckLine("certificate", host, State.WARNING, said, remedy)
