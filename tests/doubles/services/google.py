"""Google Cloud: the metadata server and Secret Manager."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field

from .cloud import METADATA_ADDRESS, METADATA_NAME, Secrets, tree_answer
from .web import Doubles, Request, Response

_ACCESS = re.compile(
    r"/v1/projects/(?P<project>[^/]+)/secrets/(?P<name>[^/]+)/versions/latest:access"
)
_PREFIX = "/computeMetadata/v1/"
_TOKEN = "instance/service-accounts/default/token"

# What Google's images bring along: at every boot, run the startup script from the metadata.
_RUNNER = f"""\
#!/bin/sh
set -eu
script=$(mktemp)
curl --silent --fail --retry 30 --retry-connrefused --retry-delay 1 \\
  --header 'Metadata-Flavor: Google' --output "$script" \\
  http://{METADATA_NAME}{_PREFIX}instance/attributes/startup-script
chmod 0700 "$script"
exec "$script"
"""
_UNIT = """\
[Unit]
Description=Google Compute Engine Startup Scripts
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/google-startup-scripts
KillMode=process
"""
_WANTED = """\
[Unit]
Wants=google-startup-scripts.service
"""


@dataclass
class Google:
    secrets: Secrets
    project: str = "example-project"
    startup_script: str = ""
    name: str = "google"
    reads: list[int] = field(default_factory=list)
    refused: int = 0  # metadata requests without the header that Google demands
    user_data: str = ""
    _token: str = field(default_factory=lambda: f"ya29.{secrets.token_urlsafe(40)}")

    @property
    def firmware(self) -> dict[str, str]:
        return {"system-product-name": "Google Compute Engine"}

    def http(self) -> Doubles:
        metadata = _Metadata(self)
        return {METADATA_NAME: metadata, METADATA_ADDRESS: metadata}

    def https(self) -> Doubles:
        return {"secretmanager.googleapis.com": _SecretManager(self)}

    def files(self, user_data: str) -> dict[str, str]:
        self.user_data = user_data
        units = "etc/systemd/system"
        return {
            "etc/cloud/cloud.cfg.d/91_datasource.cfg": "datasource_list: [GCE]\n",
            "usr/local/sbin/google-startup-scripts": _RUNNER,
            f"{units}/google-startup-scripts.service": _UNIT,
            f"{units}/multi-user.target.d/startup-scripts.conf": _WANTED,
        }

    def metadata(self) -> dict[str, object]:
        attributes = {"user-data": self.user_data, "startup-script": self.startup_script}
        token = {"access_token": self._token, "expires_in": 3599, "token_type": "Bearer"}
        account = {"email": "trunkline-edge@example", "token": json.dumps(token)}
        return {
            "instance": {
                "id": "1234567890123456789",
                "zone": "projects/123456789012/zones/us-east4-a",
                "hostname": "edge.c.example-project.internal",
                "attributes": attributes,
                "service-accounts": {"default": account},
            },
            "project": {"project-id": self.project, "attributes": {}},
        }


@dataclass
class _Metadata:
    cloud: Google

    def answer(self, request: Request) -> Response:
        if request.headers.get("metadata-flavor") != "Google":
            self.cloud.refused += 1
            return Response.text("Missing Metadata-Flavor:Google header.", 403)
        if not request.path.startswith(_PREFIX):
            return Response.text("not found", 404)
        path = request.path.removeprefix(_PREFIX)
        if (request.parameter("recursive") or "").lower() == "true":
            return self._whole(path)
        return tree_answer(self.cloud.metadata(), path)

    def _whole(self, path: str) -> Response:
        tree: object = self.cloud.metadata()
        for part in filter(None, path.split("/")):
            tree = tree.get(part, {}) if isinstance(tree, dict) else {}
        return Response.json(tree)


@dataclass
class _SecretManager:
    cloud: Google

    def answer(self, request: Request) -> Response:
        response = self._judge(request)
        self.cloud.reads.append(response.status)
        return response

    def _judge(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.cloud._token}":
            return _refusal(401, "UNAUTHENTICATED")
        if self.cloud.secrets.refusals:
            return _refusal(*_store_refusal(self.cloud.secrets.refusals.pop(0)))
        found = _ACCESS.fullmatch(request.path)
        values = self.cloud.secrets.values
        if request.method != "GET" or not found or found["project"] != self.cloud.project:
            return _refusal(403, "PERMISSION_DENIED")
        if found["name"] not in values:
            return _refusal(403, "PERMISSION_DENIED")  # as for a secret that is not there
        data = base64.b64encode(values[found["name"]].encode()).decode()
        secret = f"projects/{self.cloud.project}/secrets/{found['name']}"
        return Response.json({"name": f"{secret}/versions/1", "payload": {"data": data}})


def _refusal(status: int, kind: str) -> Response:
    return Response.json({"error": {"code": status, "status": kind}}, status)


_FAULTS = {
    429: (429, "RESOURCE_EXHAUSTED"),
    500: (500, "INTERNAL"),
    503: (503, "UNAVAILABLE"),
}


def _store_refusal(status: int) -> tuple[int, str]:
    """The status and the word with which the store throttles, fails or, for the rest, denies."""
    return _FAULTS.get(status, (status, "PERMISSION_DENIED"))
