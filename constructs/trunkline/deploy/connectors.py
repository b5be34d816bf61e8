"""Which connectors a tunnel has now, asked of Cloudflare's API.

    https://developers.cloudflare.com/api/resources/zero_trust/subresources/tunnels/

A connector is one cloudflared that runs, and so one machine. Cloudflare still lists one that is
gone for some minutes, with connections that wait to be taken up again.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import field, frozen

from trunkline.addresses.cloudflare import API, BASE, TOKEN
from trunkline.errors import TrunklineError
from trunkline.model import Cloudflare, Topology

PATIENCE = 10.0  # seconds for one request


class ConnectorsError(TrunklineError):
    """Cloudflare's API cannot be asked."""


@frozen
class Connectors:
    """The connectors of the tunnels of an account; `env` has the token, as Terraform's does."""

    account_id: str
    env: Mapping[str, str] = field(factory=dict)

    def of(self, tunnel: str) -> frozenset[str]:
        """The ids of the connectors that serve a tunnel of that name; none where it is not there.

        Raises ConnectorsError where Cloudflare's API cannot be asked.
        """
        found = self._get("", {"name": tunnel, "is_deleted": "false"})
        ids = [str(each["id"]) for each in found if each.get("name", tunnel) == tunnel]
        if not ids:
            return frozenset()
        clients = self._get(f"/{ids[0]}/connections", {})
        return frozenset(str(client["id"]) for client in clients if _serves(client))

    def _get(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        token = self.env.get(TOKEN)
        if not token:
            raise ConnectorsError(f"{TOKEN} is not set")
        base = self.env.get(BASE) or API
        url = f"{base.rstrip('/')}/accounts/{self.account_id}/cfd_tunnel{path}?{urlencode(query)}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                result = json.load(answer)["result"] or []
        except urllib.error.HTTPError as error:
            raise ConnectorsError(f"{base} answers with status {error.code}") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise ConnectorsError(f"{base} does not answer: {why}") from None
        except (ValueError, KeyError, TypeError):
            raise ConnectorsError(f"what {base} answers cannot be read") from None
        return [each for each in result if isinstance(each, dict) and "id" in each]


def connectors_of(topology: Topology, env: Mapping[str, str]) -> Connectors:
    """Those of the account of a topology; what stays on this machine has no account."""
    ingress = topology.ingress
    return Connectors(ingress.account_id if isinstance(ingress, Cloudflare) else "", env)


def _serves(client: Mapping[str, Any]) -> bool:
    return any(not each.get("is_pending_reconnect") for each in client.get("conns") or ())
