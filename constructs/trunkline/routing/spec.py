"""What a routing strategy produces: plain data, before it becomes Cloudflare resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from attrs import field, frozen, validators


@frozen
class Origin:
    """The edge of a site as Cloudflare reaches it; `url` is scheme and host, without a path."""

    site: str
    url: str

    @property
    def hostname(self) -> str:
        """The host of `url`, without a port."""
        return urlsplit(self.url).hostname or ""


def _canonical(prefix: str) -> str:
    return prefix.rstrip("/") or "/"


def _in_order(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple(origins)


@frozen
class RouteSpec:
    """A path prefix, matched by whole segments, and its origins: the first choice comes first.

    A trailing slash of the prefix goes away, except from "/" itself. ValueError without an origin.
    """

    prefix: str = field(converter=_canonical)
    origins: tuple[Origin, ...] = field(converter=_in_order, validator=validators.min_len(1))


@frozen
class Script:
    """A Worker: an ES module and its `plain_text` bindings, by name."""

    name: str
    content: str
    main_module: str
    compatibility_date: str
    bindings: Mapping[str, str]


@frozen
class OriginRule:
    """An Origin Rule: where `expression` matches, Host header, SNI and DNS become `hostname`."""

    prefix: str
    expression: str
    hostname: str
    description: str


@frozen
class RoutingSpec:
    """What stands before the edges: a Worker on `hostname`, or Origin Rules in their order."""

    hostname: str
    script: Script | None = None
    origin_rules: tuple[OriginRule, ...] = ()
