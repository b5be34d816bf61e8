"""ZeroTier Central's API on loopback, as far as a backbone needs it.

It refuses what https://docs.zerotier.com/openapi/central/v1.json does not allow.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field

TOKEN = "of-the-tests-0123456789abcdef"
_PATH = re.compile(r"/api/v1/network/([0-9a-f]{16})(?:/member(?:/([0-9a-f]{10}))?)?")
_LIST = "/member"
# The types of what may be written; the rest of what is sent is dropped.
_MEMBER: dict[str, Any] = {
    "name": str,
    "description": str,
    "hidden": bool,
    "config": {"authorized": bool, "ipAssignments": list, "noAutoAssignIps": bool},
}
_NETWORK: dict[str, Any] = {"config": {"private": bool, "routes": list, "mtu": int, "name": str}}


@define
class FakeCentral:
    """Networks of one account, by ID: their `config`, and `members` by ID."""

    networks: dict[str, dict[str, Any]] = field(factory=dict)
    readable: set[str] = field(factory=set)  # networks of others, which may not be changed
    written: list[str] = field(factory=list)
    broken: bool = False
    url: str = ""

    def add(self, network_id: str, **config: Any) -> dict[str, Any]:
        made: dict[str, Any] = {
            "config": {"private": True, "routes": [], "mtu": 2800, "name": "backbone", **config},
            "members": {},
        }
        self.networks[network_id] = made
        return made

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        if self.broken:
            return 500, {}
        if token != f"token {TOKEN}":
            return 401, {"type": "internal", "message": "authorization required"}
        if not (found := _PATH.fullmatch(path)) or found[1] not in self.networks:
            return 404, {"message": "item not found"}
        network_id, member_id = found[1], found[2]
        network = self.networks[network_id]
        if method == "GET":
            return 200, self._read(network_id, member_id, path.endswith(_LIST))
        if network_id in self.readable:
            return 403, {"message": "access denied"}
        holder = network if member_id is None else network["members"].setdefault(member_id, {})
        if not _merge(holder, body, _NETWORK if member_id is None else _MEMBER):
            return 400, {"message": "bad request"}
        self.written.append(member_id or network_id)
        return 200, self._read(network_id, member_id, False)

    def _read(self, network_id: str, member_id: str | None, every: bool) -> Any:
        members = self.networks[network_id]["members"]
        if every:
            return [{"nodeId": each, "networkId": network_id, **members[each]} for each in members]
        if member_id:
            return {"nodeId": member_id, "networkId": network_id, **members.get(member_id, {})}
        return {"id": network_id, "config": self.networks[network_id]["config"]}


def _merge(holder: dict[str, Any], body: Any, types: dict[str, Any]) -> bool:
    """Take what may be written; whether its types are right."""
    if not isinstance(body, dict):
        return False
    for name, kind in types.items():
        if name not in body:
            continue
        if isinstance(kind, dict):
            if not _merge(holder.setdefault(name, {}), body[name], kind):
                return False
        elif type(body[name]) is not kind:
            return False
        else:
            holder[name] = body[name]
    return True


@contextmanager
def fake_central() -> Iterator[FakeCentral]:
    """One that answers at `url` for as long as the block runs."""
    central = FakeCentral()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", None)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer("POST", json.loads(text))

        def _answer(self, method: str, body: Any) -> None:
            token = self.headers.get("Authorization", "")
            status, data = central.answer(method, self.path, token, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        def log_message(self, *_: Any) -> None:
            """Nothing is written."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        central.url = f"http://127.0.0.1:{server.server_port}/api/v1"
        try:
            yield central
        finally:
            server.shutdown()
            thread.join()
