"""What every answer of an edge says: which site has answered, and whether the service has.

`trunkline-response-flags` is `-` where the service has answered, else it is Envoy's reason. The
routes sign what services answer, with a fixed text, and Envoy's own answers are signed where they
are made. One HTTP filter could sign both, but all requests would pay for it, and for the reason.
"""

from __future__ import annotations

from attrs import asdict, frozen

from trunkline.envoy.access_log import status_filter
from trunkline.envoy.extension import JsonObject

SITE = "trunkline-site"
RESPONSE_FLAGS = "trunkline-response-flags"

REASON = "%RESPONSE_FLAGS%"
_NO_REASON = "-"


@frozen(kw_only=True)
class EdgeLocation:
    """Where an edge stands, as its own answers say; the zone may be ZONE."""

    site: str
    cloud: str
    zone: str


def signature(site: str, flags: str = _NO_REASON) -> list[JsonObject]:
    """The headers that say it, in place of those that a service may have sent."""
    return [
        {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in {SITE: site, RESPONSE_FLAGS: flags}.items()
    ]


def own_answers(location: EdgeLocation, forbidden: str) -> JsonObject:
    """What Envoy itself answers, as JSON: where it stands, or Envoy's name for an error.

    One format for all routes instead of a body in each keeps the configuration small.
    """
    failure = {"site": location.site, "status": "%RESPONSE_CODE%"}
    made = [
        reply("EQ", 401, {**failure, "error": "Cloudflare Access has not let this in"}),
        # Which header or line is not as it should be, in Envoy's words.
        reply("EQ", 400, {**failure, "error": "%RESPONSE_CODE_DETAILS%"}),
        reply("EQ", 403, {**failure, "error": forbidden}),
        reply("EQ", 413, {**failure, "error": "the body is longer than the route takes"}),
        reply("GE", 400, {**failure, "error": "%RESPONSE_FLAGS_LONG%"}),
        {"filter": status_filter("LE", 399)},
    ]
    signed = {"headers_to_add": signature(location.site, REASON)}
    return {
        "mappers": [{**each, **signed} for each in made],
        "body_format": {"json_format": {**asdict(location), "route": "%ROUTE_NAME%"}},
    }


def reply(comparison: str, status: int, body: JsonObject) -> JsonObject:
    """What Envoy answers itself with such a status."""
    found = status_filter(comparison, status)
    return {"filter": found, "body_format_override": {"json_format": body}}
