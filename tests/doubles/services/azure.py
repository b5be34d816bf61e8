"""Azure: the instance metadata service's identity endpoint and Key Vault."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from .cloud import METADATA_ADDRESS, Secrets
from .web import Doubles, Request, Response

_IDENTITY = "/metadata/identity/oauth2/token"
_RESOURCES = ("https://vault.azure.net", "https://vault.azure.net/")


@dataclass
class Azure:
    secrets: Secrets
    vault: str = "trunkline-example"
    name: str = "azure"
    reads: list[int] = field(default_factory=list)
    refused: int = 0  # metadata requests without the header that Azure demands
    _token: str = field(default_factory=lambda: f"eyJ0.{secrets.token_urlsafe(40)}")

    @property
    def firmware(self) -> dict[str, str]:
        return {}

    def http(self) -> Doubles:
        return {METADATA_ADDRESS: _Metadata(self)}

    def https(self) -> Doubles:
        return {f"{self.vault}.vault.azure.net": _KeyVault(self)}

    def files(self, user_data: str) -> dict[str, str]:
        """A NoCloud seed: Azure's own datasource wants a wire server and a provisioning disc."""
        seed = "var/lib/cloud/seed/nocloud"
        return {
            "etc/cloud/cloud.cfg.d/91_datasource.cfg": "datasource_list: [NoCloud]\n",
            f"{seed}/meta-data": "instance-id: azure-edge\n",
            f"{seed}/user-data": user_data,
        }


@dataclass
class _Metadata:
    cloud: Azure

    def answer(self, request: Request) -> Response:
        if request.headers.get("metadata") != "true" or "x-forwarded-for" in request.headers:
            self.cloud.refused += 1
            return Response.json({"error": "invalid_request"}, 400)
        if request.method != "GET" or request.path != _IDENTITY:
            return Response.json({"error": "not found"}, 404)
        if not request.parameter("api-version") or request.parameter("resource") not in _RESOURCES:
            return Response.json({"error": "invalid_resource"}, 400)
        return Response.json(
            {"access_token": self.cloud._token, "expires_in": "86399", "token_type": "Bearer"}
        )


@dataclass
class _KeyVault:
    cloud: Azure

    def answer(self, request: Request) -> Response:
        response = self._judge(request)
        self.cloud.reads.append(response.status)
        return response

    def _judge(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.cloud._token}":
            return _refusal(401, "Unauthorized")
        if self.cloud.secrets.refusals:
            return _refusal(*_store_refusal(self.cloud.secrets.refusals.pop(0)))
        if not request.parameter("api-version"):
            return _refusal(400, "BadParameter")
        path = request.path.rstrip("/")
        name = path.removeprefix("/secrets/")
        if request.method != "GET" or path == name or name not in self.cloud.secrets.values:
            return _refusal(404, "SecretNotFound")
        url = f"https://{request.host}{path}/0123456789abcdef"
        return Response.json({"value": self.cloud.secrets.values[name], "id": url})


def _refusal(status: int, kind: str) -> Response:
    return Response.json({"error": {"code": kind, "message": "refused by the double"}}, status)


_FAULTS = {
    429: (429, "Throttled"),
    500: (500, "InternalServerError"),
    503: (503, "ServiceUnavailable"),
}


def _store_refusal(status: int) -> tuple[int, str]:
    """The status and the word with which the store throttles, fails or, for the rest, denies."""
    return _FAULTS.get(status, (status, "ForbiddenByRbac"))
