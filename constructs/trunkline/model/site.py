"""A site, and the service behind its edge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from attrs import Factory, field, frozen

from trunkline.model.network import Network, NewNetwork

CloudName = Literal["aws", "google", "azure", "local"]


@frozen
class Upstream:
    """The service behind an edge: scheme, host and port of a URL without a path."""

    host: str
    port: int
    tls: bool

    @classmethod
    def from_url(cls, url: str) -> Upstream:
        """Read `http://host[:port]` or `https://host[:port]`; ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is not http://host[:port] or https://host[:port]")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError(f"{url} has more than scheme, host and port")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)


def zone_name(site: str, zone: str) -> str:
    """The name of a zone in a topology and in its measurements: `site/zone`."""
    return f"{site}/{zone}"


def zone_owner(site: str, account: str | None) -> str:
    """Who names the zones of a site: its account, or the site itself where it has none."""
    return account or f"site {site}"


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen(kw_only=True)
class Site:
    """One cloud account's region that takes part.

    `zone` is the chosen zone, where the edge stands; `zones` are the candidates, one probe each.
    On `cloud: local` a site stands on this machine, and `network` is a range of loopback.
    `account` is the AWS account number, the Google project or the Azure subscription; `deploy_as`
    is the AWS role or Google service account that Terraform acts as. `machine` is a size in the
    cloud's own words; None stands for the cheapest sensible one of the cloud.
    """

    name: str
    cloud: CloudName
    region: str
    zone: str
    zones: tuple[str, ...] = field(
        default=Factory(lambda self: (self.zone,), takes_self=True), converter=_texts
    )
    account: str | None = None
    network: Network = NewNetwork()
    machine: str | None = None
    deploy_as: str | None = None
    upstream: Upstream | None = None

    @property
    def exposes_physical_zones(self) -> bool:
        """Whether the cloud says which physical zone a zone's name means in an account.

        Google maps zones to clusters for each organisation and shows nobody.
        """
        return self.cloud in ("aws", "azure")
