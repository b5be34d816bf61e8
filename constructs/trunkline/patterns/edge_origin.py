"""The name under which Cloudflare reaches an edge."""

from __future__ import annotations

from cdktf import TerraformProvider
from constructs import Construct

from trunkline import cloudflare
from trunkline.addresses.loopback import EDGE_PORT
from trunkline.patterns.provider import use_provider
from trunkline.topology.arguments import check_hostname, check_zone

SERVICE = f"http://127.0.0.1:{EDGE_PORT}"


class EdgeOrigin(Construct):
    """The origin of an edge: its hostname in the zone, and for a tunnel the tunnel itself.

    Call `add_tunnel` or `add_address` once. The stack needs the Cloudflare provider.

    - `account_id`: the Cloudflare account that holds the zone.
    - `domain`: the domain of the zone, which must exist.
    - `hostname`: the name under which Cloudflare reaches the edge. It lies in the zone and is one
      label deep, because Cloudflare's free certificate covers no deeper name.
    - `provider`: the Cloudflare provider, where the stack has several of them.

    After construction:

    - `account_id`: the Cloudflare account.
    - `hostname`: the hostname, as it was given.

    >>> origin = EdgeOrigin(
    ...     stack,
    ...     "origin",
    ...     account_id="0123456789abcdef0123456789abcdef",
    ...     domain="example.com",
    ...     hostname="edge.example.com",
    ... )
    >>> token = origin.add_tunnel("edge")
    >>> tunnel = Tunnel(hostname=origin.hostname, token=token, keys=[key.string_value])
    >>> edge = EdgeProxy(stack, "edge", site=site, exposure=tunnel)

    Raises ConfigurationError for a domain or a hostname that a topology file would not have either.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        account_id: str,
        domain: str,
        hostname: str,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_zone(f"EdgeOrigin {id}", account_id=account_id, domain=domain)
        check_hostname(f"EdgeOrigin {id}", hostname, domain=domain)
        self._provider = provider
        self.account_id = account_id
        self.hostname = hostname
        self._zone_id = cloudflare.find_zone(self, "zone", account_id=account_id, domain=domain)
        use_provider(self, provider)

    def add_tunnel(self, name: str, service: str = SERVICE) -> str:
        """Make a tunnel called `name` that leads to `service` on the machine which opens it.

        Returns its token, a sensitive Terraform expression.
        """
        tunnel = cloudflare.add_tunnel(
            self,
            "tunnel",
            account_id=self.account_id,
            name=name,
            hostname=self.hostname,
            service=service,
        )
        self._add_record("CNAME", tunnel.dns_target)
        return tunnel.token

    def add_address(self, address: str) -> None:
        """Point the hostname to the public IPv4 address `address`, by way of Cloudflare's proxy."""
        self._add_record("A", address)

    def _add_record(self, type: str, content: str) -> None:
        cloudflare.add_dns_record(
            self,
            "hostname",
            zone_id=self._zone_id,
            hostname=self.hostname,
            type=type,
            content=content,
        )
        use_provider(self, self._provider)
