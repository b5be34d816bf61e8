"""How the machines of a backbone of Cloudflare Mesh use it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cdktf import TerraformProvider
from constructs import Construct

from trunkline import cloudflare
from trunkline.clouds.facts import facts_of
from trunkline.model import (
    DEFAULT_OVERLAY,
    DEFAULT_PRECEDENCE,
    MESH_RANGE,
    Topology,
)
from trunkline.patterns.provider import use_provider
from trunkline.topology.arguments import check_account, check_team

# Those of cloudflared: it opens its tunnels whether or not the mesh is there.
# https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/tunnel-with-firewall/
TUNNELS = "argotunnel.com"
# What is private everywhere, and in the list that this one takes the place of.
PRIVATE = ("internal", "local")
_ADDRESS = re.compile(r"[0-9.]+|.*:.*")


class MeshProfile(Construct):
    """The device profile of all nodes of a `Backbone` of the kind `warp`, once for the account.

    By it the addresses of the overlay, and no others, go through Cloudflare, so that cloudflared
    beside it and the machine's other traffic do not. Machines wait for it before they connect. The
    stack needs the Cloudflare provider.

    - `account_id`: the Cloudflare account.
    - `team`: the name of the Zero Trust organization, as in `<team>.cloudflareaccess.com`.
    - `cidr`: the range of the overlay, as the backbone has it.
    - `domains`: the domains whose names the DNS of each machine's own network answers; Cloudflare
      is asked for all others.
    - `name`: names the profile.
    - `precedence`: before profiles with a higher number; unique among those of the organization.
    - `provider`: the Cloudflare provider, where the stack has several of them.

    >>> profile = MeshProfile(
    ...     stack, "mesh", account_id="0123456789abcdef0123456789abcdef", team="acme"
    ... )

    Raises ConfigurationError for arguments that a topology file would not have either.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        account_id: str,
        team: str,
        cidr: str = DEFAULT_OVERLAY,
        domains: Sequence[str] = (*PRIVATE, TUNNELS),
        name: str = "trunkline backbone",
        precedence: int = DEFAULT_PRECEDENCE,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        check_account(f"MeshProfile {id}", account_id)
        check_team(f"MeshProfile {id}", team)
        cloudflare.add_mesh_profile(
            self,
            "profile",
            account_id=account_id,
            name=name,
            team=team,
            precedence=precedence,
            ranges=[MESH_RANGE, cidr],
            domains=domains,
        )
        use_provider(self, provider)


def local_domains(topology: Topology) -> tuple[str, ...]:
    """The domains of which edges ask their own network: those of its clouds and upstreams."""
    clouds = (domain for site in topology.sites for domain in facts_of(site.cloud).local_domains)
    return tuple(sorted({*PRIVATE, TUNNELS, *clouds, *_upstreams(topology)}))


def _upstreams(topology: Topology) -> Iterator[str]:
    for site in topology.sites:
        for upstream in site.services.values():
            hosts = (server.host for server in upstream.servers)
            yield from (host for host in hosts if not _ADDRESS.fullmatch(host))
