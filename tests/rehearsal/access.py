"""Cloudflare Access: who may pass before an application, and the token that a request then has.

One organization, one service token, as the rehearsal's topologies name them. Here it is asked where
a request leaves for its origin; at Cloudflare it is asked before the Worker, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.assertions import Signer

from rehearsal.world import State, World

APPLICATION = "cloudflare_zero_trust_access_application"
TEAM = "acme.cloudflareaccess.com"
CERTS = "/cdn-cgi/access/certs"
ASSERTION = "Cf-Access-Jwt-Assertion"
# Made once in the dashboard; only its ID is in a topology.
TOKEN_ID = "3f2b8c1e-5a4d-4c6b-9e7f-1a2b3c4d5e6f"
CREDENTIALS = {
    "CF-Access-Client-Id": "rehearsal.access",
    "CF-Access-Client-Secret": "a-secret-of-the-rehearsal",
}


@dataclass
class Access:
    """The applications that were applied, and the organization's key."""

    world: World
    signer: Signer = field(default_factory=lambda: Signer(f"https://{TEAM}"))

    def certs(self, path: str) -> tuple[int, bytes]:
        """What the organization's own hostname answers."""
        return (200, self.signer.certs()) if path == CERTS else (404, b"")

    def refusal(self, asked: str, headers: Any) -> tuple[int, bytes] | None:
        """The answer to a request for `asked` (host and path) that may not pass.

        None for one that may; it then carries a token in its headers.
        """
        del headers[ASSERTION]  # a client's own counts for nothing
        if (application := self._before(asked)) is None:
            return None
        if not _lets_in(application, headers):
            return (401 if application["service_auth_401_redirect"] else 302), b""
        name = headers["CF-Access-Client-Id"]
        headers[ASSERTION] = self.signer.token(application["aud"], common_name=name, sub="")
        return None

    def _before(self, asked: str) -> State | None:
        """The application of the longest path that holds what is asked.

        https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/
        """
        found = [
            each
            for each in self.world.all(APPLICATION)
            if f"{asked}/".startswith(f"{each['domain']}/")
        ]
        return max(found, key=lambda each: len(each["domain"]), default=None)


def _lets_in(application: State, headers: Mapping[str, str]) -> bool:
    if any(headers.get(name) != value for name, value in CREDENTIALS.items()):
        return False
    policies = [p for p in application["policies"] if p["decision"] == "non_identity"]
    return any(_names_the_token(rule) for policy in policies for rule in policy["include"])


def _names_the_token(rule: State) -> bool:
    if rule.get("any_valid_service_token") is not None:
        return True
    return (rule.get("service_token") or {}).get("token_id") == TOKEN_ID
