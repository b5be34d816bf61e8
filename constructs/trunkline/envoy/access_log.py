"""What an edge writes down about requests, and how many of them."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.envoy.extension import JsonObject, extension, typed

# A line takes about 1 KB of a journal, which keeps a tenth of the disk at most (journald.conf(5):
# SystemMaxUse): half an hour of a flood on the smallest disk. Without a flood no edge of the
# smallest size comes near, and a burst of ten seconds' lines passes whole.
LINES_PER_SECOND = 500
BURST = 10 * LINES_PER_SECOND

_BUCKET = "access-log"

FIELDS = {
    "authority": "%REQ(X-FORWARDED-HOST?:AUTHORITY)%",  # the name that the client asked for
    "route": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ:PATH)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "ms": "%DURATION%",
    "upstream": "%UPSTREAM_HOST%",
    "upstream_ms": "%RESPONSE_DURATION%",  # until the first byte of its answer
    "upstream_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "ray": "%REQ(CF-RAY)%",
}
"""What every log of requests has, with the same names; paths stand without their queries, which
hold secrets."""

CONNECTION_FIELDS = {
    "authority": "%REQUESTED_SERVER_NAME%",  # the name that the client's TLS asked for
    "flags": "%RESPONSE_FLAGS%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "ms": "%DURATION%",
    "upstream": "%UPSTREAM_HOST%",
    "upstream_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}
"""What a log of connections has, which nobody opens; a field means what it does in `FIELDS`."""

# No server is healthy or takes a connection, or there are as many connections as there may be.
_CONNECTION_FAILED = ["UH", "UF", "UO", "URX", "NC", "DF"]


def log_limit(logs: int = 1) -> JsonObject:
    """The file that `limited` reads the limit from: a bucket of lines, which so many logs share."""
    bucket = typed(
        "type.v3.TokenBucket",
        max_tokens=BURST * logs,
        tokens_per_fill=LINES_PER_SECOND // 10 * logs,
        fill_interval="0.1s",
    )
    resource = typed("service.discovery.v3.Resource", name=_BUCKET, resource=bucket)
    return {"resources": [resource]}


def access_log(site: str, limit: str | None = None) -> JsonObject:
    """JSON lines on stdout, for journald, with the same fields on all sites.

    `limit` is the path of a file with `log_limit`; None for a log without a limit.
    """
    return _lines(site, FIELDS, limited(limit))


def connection_log(site: str, service: str, limit: str | None = None) -> JsonObject:
    """The same for the connections of one service, a line for each when it has ended."""
    failure: JsonObject = {"response_flag_filter": {"flags": _CONNECTION_FAILED}}
    fields = {"route": service, "protocol": "TCP", **CONNECTION_FIELDS}
    return _lines(site, fields, limited(limit, failure))


def _lines(site: str, fields: Mapping[str, str], chosen: JsonObject) -> JsonObject:
    return {
        "name": "stdout",
        "filter": chosen,
        "typed_config": typed(
            "extensions.access_loggers.stream.v3.StdoutAccessLog",
            log_format={"json_format": {"time": "%START_TIME%", "site": site, **fields}},
        ),
    }


def limited(limit: str | None, failure: JsonObject | None = None) -> JsonObject:
    """The filter of a log: no health checks; every failure, and of all else what the limit allows.

    `failure` is the filter for failures; without it they are answers from 500.

    What it does not allow is counted in `access_log.process_ratelimit.denied`. Envoy 1.40 has
    one such bucket for a process: a second one that is read from a file is a bug to it.
    """
    no_health_check: JsonObject = {"not_health_check_filter": {}}
    if limit is None:
        return no_health_check
    # Failures come first: they take nothing from the bucket.
    either = [failure or status_filter("GE", 500), _within(limit)]
    return {"and_filter": {"filters": [no_health_check, {"or_filter": {"filters": either}}]}}


def status_filter(comparison: str, status: int) -> JsonObject:
    """The filter for answers by their status: `comparison` is EQ, GE or LE."""
    value = {"default_value": status, "runtime_key": "unset"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": value}}}


def _within(limit: str) -> JsonObject:
    """https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/access_loggers/filters/process_ratelimit/v3/process_ratelimit.proto"""
    source = {"path_config_source": {"path": limit}, "resource_api_version": "V3"}
    config = extension(
        "envoy.access_loggers.extension_filters.process_ratelimit",
        "extensions.access_loggers.filters.process_ratelimit.v3.ProcessRateLimitFilter",
        dynamic_config={"resource_name": _BUCKET, "config_source": source},
    )
    return {"extension_filter": config}
