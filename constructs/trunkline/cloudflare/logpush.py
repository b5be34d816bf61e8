"""Logpush: a line for every request, sent to a bucket or a log service."""

from __future__ import annotations

import json

from cdktf_cdktf_provider_cloudflare.logpush_job import LogpushJob, LogpushJobOutputOptions
from constructs import Construct

# The path stands alone: a query may hold what is secret.
# https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/
FIELDS = (
    "EdgeStartTimestamp",
    "RayID",
    "ClientIP",
    "ClientCountry",
    "ClientRequestHost",
    "ClientRequestMethod",
    "ClientRequestPath",
    "ClientRequestUserAgent",
    "EdgeColoCode",
    "EdgeResponseStatus",
    "EdgeResponseBytes",
    "EdgeTimeToFirstByteMs",
    "CacheCacheStatus",
    "OriginResponseStatus",
    "SecurityAction",
    "SecurityRuleID",
    "WorkerStatus",
)


def add_job(
    scope: Construct, *, zone_id: str, hostname: str, destination: str, challenge: str | None
) -> None:
    """The job of the dataset `http_requests`; requests of the Worker to edges are not of the host.

    https://developers.cloudflare.com/logs/logpush/logpush-job/api-configuration/
    """
    host = {"key": "ClientRequestHost", "operator": "eq", "value": hostname}
    LogpushJob(
        scope,
        "logpush",
        zone_id=zone_id,
        name=hostname,
        dataset="http_requests",
        destination_conf=destination,
        ownership_challenge=challenge,
        enabled=True,
        filter=json.dumps({"where": host}, separators=(",", ":")),
        output_options=LogpushJobOutputOptions(
            field_names=list(FIELDS), output_type="ndjson", timestamp_format="rfc3339"
        ),
    )
