"""ZeroTier Central, asked to let the nodes of a backbone into its network.

    https://docs.zerotier.com/api/central/v1

That is the API of what ZeroTier calls Legacy Central; the new one has another. A member may be
added before its machine is there. Those that were let in by this are known by their description,
and nobody else is touched.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from attrs import frozen

from trunkline.backbone.zerotier import MemberNode
from trunkline.errors import TrunklineError

TOKEN, BASE = "ZEROTIER_CENTRAL_TOKEN", "ZEROTIER_CENTRAL_URL"
API = "https://api.zerotier.com/api/v1"
PATIENCE = 15.0  # seconds for one request

JsonObject = dict[str, Any]


class CentralError(TrunklineError):
    """ZeroTier Central cannot be asked, or its network is not as a backbone takes it."""


@frozen
class MemberChange:
    """What became of a member, or of the managed route, whose `member` and `node` are empty.

    `became` is `added`, `kept` or, of a member that is none any more, `shut out`.
    """

    member: str
    node: str
    address: str
    became: str


@frozen
class Central:
    """A network at ZeroTier Central; `env` has the token, as ZeroTier's Terraform provider's."""

    network_id: str
    env: Mapping[str, str]

    def authorize(
        self, topology: str, cidr: str, wanted: Sequence[MemberNode]
    ) -> Iterator[MemberChange]:
        """Let the nodes in, each with its address; what changed and what did not, one by one.

        Raises CentralError; what was changed before stays, and the next run goes on from there.
        """
        mark = f"trunkline {topology}"
        network = self._ask("")
        config = _object(network.get("config"))
        known = {str(each.get("nodeId")): each for each in self._members()}
        self._check(config, known, mark, wanted)
        yield MemberChange("", "", cidr, self._route(config, cidr))
        for node in wanted:
            member = {
                "name": f"trunkline-{node.name}",
                "description": mark,
                "config": {
                    "authorized": True,
                    "ipAssignments": [node.address],
                    "noAutoAssignIps": True,
                },
            }
            became = "kept" if _holds(known.get(node.member, {}), member) else "added"
            if became == "added":
                self._ask(f"/member/{node.member}", member)
            yield MemberChange(node.member, node.name, node.address, became)
        yield from self._shut_out(known, mark, {node.member for node in wanted})

    def _check(
        self,
        config: JsonObject,
        known: Mapping[str, JsonObject],
        mark: str,
        wanted: Sequence[MemberNode],
    ) -> None:
        """CentralError for a network that is no place for a backbone; nothing has changed then."""
        if config.get("private") is not True:
            raise CentralError(
                f"the network {self.network_id} is public, so that everyone may join it: make it "
                "private in ZeroTier Central"
            )
        owners = {node.address: node for node in wanted}
        ours = {node.member for node in wanted}
        for member, each in known.items():
            if member in ours or each.get("description") == mark:
                continue
            for address in _object(each.get("config")).get("ipAssignments") or ():
                if node := owners.get(address):
                    raise CentralError(
                        f"the member {member} of the network {self.network_id} has {address}, the "
                        f"address of {node.name}: give it another one, or choose another "
                        "backbone.cidr"
                    )

    def _route(self, config: JsonObject, cidr: str) -> str:
        """Without this route ZeroTier gives no member an address in `cidr`."""
        routes = list(config.get("routes") or ())
        if any(each.get("target") == cidr and not each.get("via") for each in routes):
            return "kept"
        self._ask("", {"config": {**config, "routes": [*routes, {"target": cidr, "via": None}]}})
        return "added"

    def _shut_out(
        self, known: Mapping[str, JsonObject], mark: str, wanted: set[str]
    ) -> Iterator[MemberChange]:
        """Members that were let in for nodes or keys that are none any more."""
        for member, each in known.items():
            config = _object(each.get("config"))
            ours = each.get("description") == mark and member not in wanted
            if ours and config.get("authorized"):
                self._ask(f"/member/{member}", {"config": {"authorized": False}})
                name = str(each.get("name", "")).removeprefix("trunkline-")
                addresses = ", ".join(config.get("ipAssignments") or ())
                yield MemberChange(member, name, addresses, "shut out")

    def _members(self) -> list[JsonObject]:
        found = self._ask("/member")
        return [each for each in found if isinstance(each, dict)]

    def _ask(self, path: str, body: JsonObject | None = None) -> Any:
        token = self.env.get(TOKEN)
        if not token:
            raise CentralError(
                f"{TOKEN} is not set: make an API token in your account at ZeroTier Central, and "
                "set it to that; or enter by hand what trunkline keys prints"
            )
        base = (self.env.get(BASE) or API).rstrip("/")
        request = urllib.request.Request(  # noqa: S310
            f"{base}/network/{self.network_id}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise CentralError(self._refusal(base, error.code)) from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise CentralError(f"{base} does not answer: {why}; try again") from None
        except ValueError:
            raise CentralError(f"what {base} answers cannot be read; try again") from None

    def _refusal(self, base: str, status: int) -> str:
        match status:
            case HTTPStatus.UNAUTHORIZED:
                return (
                    f"ZeroTier Central does not know the token in {TOKEN}: make another one. Where "
                    "yours is the new Central, enter by hand what trunkline keys prints"
                )
            case HTTPStatus.FORBIDDEN:
                return f"the token in {TOKEN} may not change the network {self.network_id}"
            case HTTPStatus.NOT_FOUND:
                return f"ZeroTier Central has no network {self.network_id}: see backbone.network_id"
        return f"{base} answers with status {status}; try again"


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _holds(known: Any, wanted: Any) -> bool:
    """Whether all that is wanted is so already; there may be more."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_holds(known.get(k), v) for k, v in wanted.items())
    return bool(known == wanted)
