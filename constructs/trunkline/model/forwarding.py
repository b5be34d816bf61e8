"""What an edge does with the requests of a route."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, field, frozen

from trunkline.model.converters import texts

DEFAULT_RATE_SECONDS = 1

HEALTH_PATH = "/healthz"


def health_path(upstream: str | None) -> str:
    """Where an edge says whether it can serve what its upstream of that name serves."""
    return f"{HEALTH_PATH}/{upstream}" if upstream else HEALTH_PATH


@frozen(kw_only=True)
class HeaderRules:
    """Changes of the headers of requests, or of answers.

    - `set`: headers and their values, in place of what was there.
    - `remove`: headers that go.
    """

    set: Mapping[str, str] = Factory(dict)
    remove: tuple[str, ...] = field(default=(), converter=texts)


@frozen
class RateLimit:
    """How many requests of a route an edge takes, from all clients together; others get 429.

    A `ClientRateLimit` is another thing: it counts each client by itself, at Cloudflare.

    - `requests`: how many at most.
    - `seconds`: in how many seconds.
    """

    requests: int
    seconds: int = DEFAULT_RATE_SECONDS


@frozen(kw_only=True)
class Forwarding:
    """What an edge does with the requests of a route.

    - `upstream`: which of the site's `upstreams` gets them. Without it: its `upstream`.
    - `rewrite`: the prefix that the upstream gets in place of the route's. Without it: the route's.
    - `timeout_seconds`: how long an answer may take as a whole. Without it: for ever, as long as
      something comes every five minutes.
    - `rate_limit`: how many requests it takes. Without it: all.
    - `max_body_bytes`: how long the body of a request may be; longer ones get 413. Without it: as
      long as Cloudflare lets it be.
    - `request_headers`: changes of the headers that the upstream gets.
    - `response_headers`: changes of the headers that the client gets.
    - `access`: whether only those get through whom Cloudflare Access has let in.
    - `management`: whether it is for operators: apart from the public hostname, under the edge's
      own name for that, and behind Cloudflare Access.
    """

    upstream: str | None = None
    rewrite: str | None = None
    timeout_seconds: int | None = None
    rate_limit: RateLimit | None = None
    max_body_bytes: int | None = None
    request_headers: HeaderRules = HeaderRules()
    response_headers: HeaderRules = HeaderRules()
    access: bool = False
    management: bool = False


DEFAULT_FORWARDING = Forwarding()
