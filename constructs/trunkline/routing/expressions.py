"""Filters for requests in Cloudflare's Rules language; its strings are quoted as JSON's are.

https://developers.cloudflare.com/ruleset-engine/rules-language/
"""

from __future__ import annotations

import json


def of_host(hostname: str) -> str:
    """The filter for all requests to a hostname."""
    return f"http.host eq {json.dumps(hostname)}"


def of_prefix(hostname: str, prefix: str) -> str:
    """The filter for requests to a hostname below a path prefix, by whole segments."""
    host = of_host(hostname)
    if prefix == "/":
        return f"({host})"
    path = "http.request.uri.path"
    segments = f"{path} eq {json.dumps(prefix)} or starts_with({path}, {json.dumps(prefix + '/')})"
    return f"({host} and ({segments}))"
