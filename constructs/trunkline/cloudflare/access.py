"""Cloudflare Access before a hostname, or before a path of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cdktf_cdktf_provider_cloudflare.zero_trust_access_application import (
    ZeroTrustAccessApplication,
)
from constructs import Construct

from trunkline.model import AccessPolicy

SESSION = "24h"  # after which people log in again; a service token comes with every request


def add_access_application(
    scope: Construct, id: str, *, account_id: str, name: str, domain: str, policy: AccessPolicy
) -> str:
    """Access before `domain`, a hostname with or without a path; what is below the path as well.

    Returns the audience of its tokens, a Terraform expression.
    https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/
    """
    application = ZeroTrustAccessApplication(
        scope,
        id,
        account_id=account_id,
        name=name,
        type="self_hosted",
        domain=domain,
        session_duration=SESSION,
        app_launcher_visible=False,
        # A program gets 401 instead of the page where people log in.
        service_auth401_redirect=not policy.emails,
    )
    # The binding's class for a policy takes 0.1 s to import.
    application.add_override("policies", list(_policies(policy)))
    return str(application.aud)


def _policies(policy: AccessPolicy) -> Iterator[Mapping[str, Any]]:
    """Policies of this application alone: an account's own ones would need names of their own.

    Each item of `include` has one selector, and one of them suffices.
    """
    tokens = [{"service_token": {"token_id": each}} for each in policy.service_tokens]
    people = [{"email": {"email": each}} for each in policy.emails]
    if tokens or not people:
        programs = tokens or [{"any_valid_service_token": {}}]
        yield _policy("service tokens", "non_identity", 1, programs)
    if people:
        yield _policy("people", "allow", 2, people)


def _policy(
    name: str, decision: str, precedence: int, include: list[dict[str, Any]]
) -> Mapping[str, Any]:
    return {"name": name, "decision": decision, "precedence": precedence, "include": include}
