"""Tokens of Cloudflare Access: each request that it lets in carries one that it has signed.

Cloudflare asks for Access before a request leaves for an edge. The edge checks the signature as
well, so that one lock is left where the other is open.
https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
"""

from __future__ import annotations

from trunkline.envoy.cluster import cluster
from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import AccessPolicy, Server, Upstream

AUDIENCE = "@AUDIENCE@"
"""A placeholder: Cloudflare chooses the audience of an application when it is made."""

ASSERTION = "assertion"  # the name of the filter, by which routes ask for a token
HEADER = "Cf-Access-Jwt-Assertion"
CERTS = "access-certs"  # the cluster from which the keys come
CERTS_PATH = "/cdn-cgi/access/certs"
TYPE = "extensions.filters.http.jwt_authn.v3"


def assertion_filter(policy: AccessPolicy, audience: str | None = None) -> JsonObject:
    """The HTTP filter that checks tokens of Access.

    With `audience` every request needs one for that application. Without it the routes with
    `asks_for_assertion` need one of any application of the organization: their application is
    another stack's, and Cloudflare makes up its audience.
    """
    every = [{"match": {"prefix": "/"}, "requires": {"provider_name": ASSERTION}}]
    return extension(
        ASSERTION,
        f"{TYPE}.JwtAuthentication",
        providers={ASSERTION: _provider(policy, audience)},
        **({"rules": every} if audience else {"requirement_map": _by_name()}),
    )


def asks_for_assertion() -> JsonObject:
    """What makes a route ask for a token, by the name of the filter."""
    return {ASSERTION: typed(f"{TYPE}.PerRouteConfig", requirement_name=ASSERTION)}


def certs_cluster(policy: AccessPolicy, max_connections: int) -> JsonObject:
    """Where the organization's keys are."""
    found = cluster(CERTS, Upstream([Server(policy.host, 443, tls=True)]), max_connections)
    del found["health_checks"]  # it is asked every few minutes only
    return found


def _by_name() -> JsonObject:
    return {ASSERTION: {"provider_name": ASSERTION}}


def _provider(policy: AccessPolicy, audience: str | None) -> JsonObject:
    """Keys rotate every six weeks, and the one before counts for a week longer."""
    keys = {
        "http_uri": {"uri": f"{policy.url}{CERTS_PATH}", "cluster": CERTS, "timeout": "5s"},
        "cache_duration": "300s",
        # Fetched before a request asks for them; other routes do not wait for them.
        "async_fetch": {"fast_listener": True},
    }
    return {
        "issuer": policy.url,
        **({"audiences": [audience]} if audience else {}),
        "from_headers": [{"name": HEADER}],
        "forward": True,  # services read from it who asks
        "remote_jwks": keys,
    }
