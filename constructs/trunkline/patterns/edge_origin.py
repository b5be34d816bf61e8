"""The name under which Cloudflare reaches an edge."""

from __future__ import annotations

from cdktf import TerraformProvider
from constructs import Construct

from trunkline import cloudflare
from trunkline.addresses.loopback import EDGE_PORT, MANAGEMENT_PORT
from trunkline.model import AccessPolicy
from trunkline.patterns.provider import use_provider
from trunkline.topology.arguments import check_hostname, check_zone

SERVICE = f"http://127.0.0.1:{EDGE_PORT}"
MANAGEMENT_SERVICE = f"http://127.0.0.1:{MANAGEMENT_PORT}"


class EdgeOrigin(Construct):
    """The origin of an edge: its hostname in the zone, and for a tunnel the tunnel itself.

    Call `add_tunnel` or `add_address` once, and `add_management`, if at all, before `add_tunnel`. A
    tunnel leads to the edge's spares as well; public ones have names of their own (`add_spare`).
    The stack needs the Cloudflare provider.

    - `account_id`: the Cloudflare account that holds the zone.
    - `domain`: the domain of the zone, which must exist.
    - `hostname`: the name under which Cloudflare reaches the edge. It lies in the zone and is one
      label deep, because Cloudflare's free certificate covers no deeper name.
    - `provider`: the Cloudflare provider, where the stack has several of them.

    After construction:

    - `account_id`: the Cloudflare account.
    - `hostname`: the hostname, as it was given.
    - `management_hostname`: the hostname for operators; None without `add_management`.

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
        self._domain = domain
        self.account_id = account_id
        self.hostname = hostname
        self.management_hostname: str | None = None
        self._zone_id = cloudflare.find_zone(self, "zone", account_id=account_id, domain=domain)
        use_provider(self, provider)

    def add_management(self, hostname: str, policy: AccessPolicy) -> str:
        """Give operators the name `hostname`, with Cloudflare Access before it as `policy` says.

        It lies in the zone and is one label deep; the tunnel leads from it to the edge's listener
        for operators. Returns the audience that tokens of Access have there, a Terraform
        expression, for the `Management` of the edge.
        """
        check_hostname("EdgeOrigin.add_management", hostname, domain=self._domain)
        self.management_hostname = hostname
        audience = cloudflare.add_access_application(
            self,
            "management",
            account_id=self.account_id,
            name=hostname,
            domain=hostname,
            policy=policy,
        )
        use_provider(self, self._provider)
        return audience

    def add_tunnel(self, name: str, service: str = SERVICE) -> str:
        """Make a tunnel called `name` that leads to `service` on the machine which opens it.

        Returns its token, a sensitive Terraform expression.
        """
        services = {self.hostname: service}
        if self.management_hostname:
            services[self.management_hostname] = MANAGEMENT_SERVICE
        tunnel = cloudflare.add_tunnel(
            self, "tunnel", account_id=self.account_id, name=name, services=services
        )
        self._add_record("hostname", self.hostname, "CNAME", tunnel.dns_target)
        if self.management_hostname:
            name = "management-hostname"
            self._add_record(name, self.management_hostname, "CNAME", tunnel.dns_target)
        return tunnel.token

    def add_address(self, address: str) -> None:
        """Point the hostname to the public IPv4 address `address`, by way of Cloudflare's proxy."""
        self._add_record("hostname", self.hostname, "A", address)

    def add_spare(self, zone: str, hostname: str, address: str) -> None:
        """Point `hostname` to the spare in `zone`, by its public IPv4 address `address`.

        The name lies in the zone of the domain and is one label deep, as the edge's own.
        """
        check_hostname("EdgeOrigin.add_spare", hostname, domain=self._domain)
        self._add_record(f"hostname-{zone}", hostname, "A", address)

    def _add_record(self, id: str, hostname: str, type: str, content: str) -> None:
        cloudflare.add_dns_record(
            self,
            id,
            zone_id=self._zone_id,
            hostname=hostname,
            type=type,
            content=content,
        )
        use_provider(self, self._provider)
