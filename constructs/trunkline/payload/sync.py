"""Keeps the files that Envoy reads as the secret store has them: fetch, check, put into place.

A machine gets this program as one file; it needs the standard library only. Usage: sync FILE, which
is JSON: `fetch`, the command that prints the first item, without its item's name, and `item`, that
name, both absent where Envoy asks a server of its own; `seconds`, how often to look; `zone`, where
the machine stands; `envoy`, the program; `bootstrap`, its file; `folder`, where `cds.json`,
`lds.json`, for each listener its routes, `rds-NAME.json`, and with a header for a collector
`otlp-header.json` go; `token`, the command that prints the token of the tunnel, where there is one;
`shown`, in the absence of `fetch` the commands that print what Envoy shows others, each by the name
of its file `NAME.json`; and `backbone_key`, the command that prints the machine's keys, where it
joins a backbone: they go to `backbone-key`, and what it is told of the others to `backbone.json`.
What measures the backbone goes to `backbone-check.py`, and what that one reads to `check.json`.
The items are described in `configuration.py`.

What Envoy refuses is left out and said once; what is in place stays.
"""

import base64
import binascii
import contextlib
import gzip
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "2"
NONE = "-"
PLACE = "@EDGE_KEY@"
ZONE = "@ZONE@"
CHECK = b"trunkline backbone check 1"  # what the key of its requests is derived with
AUDIENCE = "@AUDIENCE@"
KEY = re.compile(r"[0-9A-Za-z_-]{32,}", re.ASCII)
PLAIN = re.compile(r"[0-9A-Za-z_-]+", re.ASCII)
TYPE = "type.googleapis.com/envoy.config."
KINDS = {
    "cds": ("clusters", f"{TYPE}cluster.v3.Cluster"),
    "rds": ("routes", f"{TYPE}route.v3.RouteConfiguration"),
    "lds": ("listeners", f"{TYPE}listener.v3.Listener"),
}
TYPES = {
    **{kind: name for kind, (_, name) in KINDS.items()},
    "secret": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
}
OTLP = "otlp-header"
CERTIFICATE = "control-plane-certificate"
PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
FETCH_SECONDS = 30
RETRY_SECONDS = 5
DAY = 86_400.0
WARM_SECONDS = 3  # until Envoy knows the health of a new cluster: a check may take two
SETTLE_SECONDS = 2  # until Envoy sends no new request to a cluster that has no route any more


class SyncError(Exception):
    """Something is not as it should be; the message says what, without any key."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


class Found(NamedTuple):
    """What the store holds: a short name of the document, the document, the keys, the audience, and
    what the edge shows its collector."""

    version: str
    document: dict[str, Any]
    keys: list[str]
    audience: str
    header: str


# --- from the store


def read(fetch: list[str], item: str) -> Found:
    """What the store holds now; SyncError where that cannot be had."""
    head = item_text(fetch, item).split(" ")
    if len(head) != 7 or head[0] != FORMAT or not head[1].isdecimal():
        raise SyncError(f"{item} is not a configuration of format {FORMAT}")
    _, count, digest, keys, audience, header, first = head
    rest = [item_text(fetch, f"{item}-{number}") for number in range(2, int(count) + 1)]
    document = unpack("".join([first, *rest]), digest)
    if not PLAIN.fullmatch(audience):
        raise SyncError("the audience has other characters than letters, digits, - and _")
    shown = "" if header == NONE else base64.b64decode(header).decode()
    return Found(digest[:8], document, parse_keys(keys), audience, shown)


def item_text(fetch: list[str], item: str) -> str:
    return printed([*fetch, item], item)


def printed(command: list[str], item: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SyncError(f"{item} was not read within {FETCH_SECONDS} s") from None
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise SyncError(f"{item} cannot be read: {said}")
    return done.stdout.strip()


def unpack(text: str, digest: str) -> dict[str, Any]:
    """The document of all items; they may be of two versions while a new one is written."""
    try:
        packed = base64.b64decode(text, validate=True)
        whole = gzip.decompress(packed)
    except (binascii.Error, OSError, EOFError, zlib.error):
        raise SyncError("the items do not belong together") from None
    if hashlib.sha256(whole).hexdigest() != digest:
        raise SyncError("the items do not belong together")
    document: dict[str, Any] = json.loads(whole)
    return document


def parse_keys(text: str) -> list[str]:
    """The keys in a list with commas, where a place may be empty."""
    keys = [key for key in text.split(",") if key]
    # An empty or a short one would let everybody in.
    if not all(KEY.fullmatch(key) for key in keys):
        raise SyncError("a key has other characters than letters, digits, - and _, or less than 32")
    if not keys:
        raise SyncError("there is no key")
    return keys


# --- to Envoy


def files(found: Found, zone: str) -> dict[str, list[dict[str, Any]]]:
    """The resources by kind, with the keys, the audience and the machine's zone in their places."""
    text = json.dumps(found.document).replace(ZONE, zone).replace(AUDIENCE, found.audience)
    document = with_keys(json.loads(text), found.keys)
    return {kind: document[name] for kind, (name, _) in KINDS.items()}


def with_keys(value: Any, keys: list[str]) -> Any:
    """The document, with the keys in their place.

    A header of a route that refuses stands once for each: a request must have none of them.
    """
    if isinstance(value, list):
        return [with_keys(each, keys) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: repeated(each, keys) if name == "headers" else with_keys(each, keys)
        for name, each in value.items()
    }


def repeated(items: list[Any], keys: list[str]) -> list[Any]:
    texts = [json.dumps(each) for each in items]
    return [
        json.loads(text.replace(PLACE, key))
        for text in texts
        for key in (keys if PLACE in text else keys[:1])
    ]


def check(envoy: str, bootstrap: str, resources: dict[str, list[dict[str, Any]]]) -> None:
    """SyncError, with Envoy's own words, for resources that it refuses."""
    config = json.loads(Path(bootstrap).read_text())
    del config["dynamic_resources"]
    for name, served in static(resources).items():
        config["static_resources"][name] += served
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        command = [envoy, "--mode", "validate", "-c", file.name, "--log-level", "error"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise SyncError(f"Envoy refuses it: {said}")


def static(resources: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The resources as Envoy takes them in its first file; listeners have their routes inside."""
    routes = {each["name"]: each for each in resources["rds"]}
    listeners = json.loads(json.dumps(resources["lds"]))
    for manager in managers(listeners):
        rds = manager.pop("rds")
        if rds["route_config_name"] not in routes:
            raise SyncError(f"there are no routes {rds['route_config_name']}")
        manager["route_config"] = routes[rds["route_config_name"]]
    return {"clusters": resources["cds"], "listeners": listeners}


def managers(listeners: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for listener in listeners:
        for chain in listener["filter_chains"]:
            for each in chain["filters"]:
                if "rds" in each["typed_config"]:
                    yield each["typed_config"]


def put(folder: str, resources: dict[str, list[dict[str, Any]]]) -> None:
    """Write what Envoy reads, so that no route ever names a cluster that is not there."""
    old = clusters(folder)
    new = {each["name"]: each for each in resources["cds"]}
    write(folder, "cds", list({**old, **new}.values()))
    if new.keys() - old.keys() and Path(folder, "lds.json").exists():
        time.sleep(WARM_SECONDS)
    for routes in resources["rds"]:
        write(folder, "rds", [routes], f"-{routes['name']}")  # Envoy takes one of a file
    write(folder, "lds", resources["lds"])
    if old.keys() - new.keys():
        time.sleep(SETTLE_SECONDS)
        write(folder, "cds", resources["cds"])


def put_shown(folder: str, name: str, text: str) -> None:
    """Write what the edge shows others as a secret of Envoy, which reads it anew: the values of
    headers, and a certificate with its key."""
    kind = pair(folder, text) if name == CERTIFICATE else generic(text)
    place(folder, name, [{"@type": TYPES["secret"], "name": name, **kind}])


def generic(value: str) -> dict[str, Any]:
    return {"generic_secret": {"secret": {"inline_string": value}}}


def pair(folder: str, text: str) -> dict[str, Any]:
    """SyncError for a certificate that its key does not fit, with which Envoy would not start."""
    blocks = [(match[1], match[0]) for match in PEM.finditer(text)]
    chain = "\n".join(block for kind, block in blocks if kind == "CERTIFICATE")
    key = "\n".join(block for kind, block in blocks if kind.endswith("PRIVATE KEY"))
    with tempfile.NamedTemporaryFile("w", dir=folder) as file:
        file.write(f"{chain}\n{key}\n")
        file.flush()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file.name, password="")
        except ssl.SSLError as error:
            raise SyncError(f"the certificate and its key cannot be used: {error}") from None
    shown = {"certificate_chain": chain, "private_key": key}
    return {"tls_certificate": {name: {"inline_string": each} for name, each in shown.items()}}


def clusters(folder: str) -> dict[str, dict[str, Any]]:
    """The clusters that are in place, by name."""
    with contextlib.suppress(FileNotFoundError):
        placed = json.loads(Path(folder, "cds.json").read_text())["resources"]
        return {each["name"]: each for each in placed}
    return {}


def write(folder: str, kind: str, resources: list[dict[str, Any]], name: str = "") -> None:
    """One file, renamed into place: Envoy reads it then. What is the same is not written again."""
    place(folder, f"{kind}{name}", [{"@type": TYPES[kind], **each} for each in resources])


def place(folder: str, name: str, resources: list[dict[str, Any]]) -> None:
    text = json.dumps({"resources": resources})
    path = Path(folder, f"{name}.json")
    if path.exists() and path.read_text() == text:
        return
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


# --- the daemon


def notify(text: str) -> None:
    """Tell systemd, where it listens (sd_notify(3))."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect("\0" + address[1:] if address.startswith("@") else address)
            client.send(text.encode())


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    notify(f"STATUS={text}")


class Sync:
    """One edge's files; `turn` looks once and says what has changed."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.placed: Found | None = None
        self.tried: Found | None = None  # the last one; it may have been refused
        self.shown: dict[str, str] | None = None
        self.joined: Any = None  # what is in place for the backbone
        self.trouble = ""

    @property
    def ready(self) -> bool:
        return self.placed is not None or self.shown is not None

    def turn(self) -> float:
        """The seconds until the next look."""
        try:
            if not self.ready:
                self.take_token()
            if "fetch" in self.config:
                self.look()
            else:
                self.show()
        except (SyncError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            self.complain(str(error) or type(error).__name__)
        seconds = float(self.config["seconds"])
        if not self.ready:
            return min(seconds, RETRY_SECONDS)
        return DAY if self.shown == {} else seconds

    def look(self) -> None:
        """Take what is new in the store."""
        found = read(self.config["fetch"], self.config["item"])
        if found != self.tried:
            self.take(found)
        elif self.trouble and found == self.placed:
            self.trouble = ""
            say(f"configuration {found.version} is in place, and can be read again")
        if self.placed:
            self.join(self.placed)

    def show(self) -> None:
        """Envoy asks a server of its own for what it serves; take what it shows that one."""
        commands = self.config["shown"]
        found = {name: printed(command, name) for name, command in commands.items()}
        if found == self.shown and not self.trouble:
            return
        for name, text in found.items():
            put_shown(self.config["folder"], name, text)
        self.shown, self.trouble = found, ""
        notify("READY=1")
        names = ", ".join(["the token of the tunnel", *found])
        say(f"{names} {'are' if found else 'is'} in place")

    def take_token(self) -> None:
        """Write the tunnel's token, which only systemd reads: it hands it to cloudflared."""
        if command := self.config.get("token"):
            self.write_private("token", printed(command, "the token of the tunnel"))

    def join(self, found: Found) -> None:
        """Write what the backbone's daemon reads, where it has changed: new keys come with it."""
        told = found.document.get("backbone")
        if told == self.joined:
            return
        self.write_private("backbone-key", printed(self.config["backbone_key"], "the backbone key"))
        self.write_told("backbone", told)
        self.joined = told

    def put_check(self, found: Found) -> None:
        """Write the program that measures the backbone, and what it reads; it looks for both."""
        if told := found.document.get("check"):
            keys = [hmac.digest(key.encode(), CHECK, "sha256").hex() for key in found.keys]
            self.write_told("check", {**told["config"], "keys": keys})
            path = Path(self.config["folder"], "backbone-check.py")
            if not path.exists() or path.read_text() != told["program"]:
                new = path.with_suffix(".new")
                new.write_text(told["program"])
                new.rename(path)

    def write_told(self, name: str, told: Any) -> None:
        text = json.dumps(told).replace(ZONE, self.config["zone"])
        new = Path(self.config["folder"], f"{name}.new")
        new.write_text(text)
        new.rename(new.with_suffix(".json"))

    def write_private(self, name: str, text: str) -> None:
        """Write a file that its owner and root alone may read."""
        path = Path(self.config["folder"], f"{name}.new")
        path.unlink(missing_ok=True)
        path.touch(0o600)
        path.write_text(text)
        path.rename(path.with_suffix(""))

    def take(self, found: Found) -> None:
        resources = files(found, self.config["zone"])
        if found.header:
            put_shown(self.config["folder"], OTLP, found.header)  # the check reads it
        try:
            check(self.config["envoy"], self.config["bootstrap"], resources)
        except SyncError as error:
            self.tried, said = found, str(error)
            for key in found.keys:
                said = said.replace(key, "(a key)")  # Envoy quotes what it refuses
            raise SyncError(f"configuration {found.version}: {said}") from None
        put(self.config["folder"], resources)
        self.put_check(found)
        self.placed, self.tried, self.trouble = found, found, ""
        notify("READY=1")
        say(f"configuration {found.version} is in place, with {len(found.keys)} key(s)")

    def complain(self, text: str) -> None:
        if text == self.trouble:
            return
        self.trouble = text
        old = self.placed.version if self.placed else "what was there"
        stays = f"; {old} stays in place" if self.ready else ""
        say(text + stays)


def main(path: str) -> None:
    sync = Sync(json.loads(Path(path).read_text()))
    while True:
        time.sleep(sync.turn())


if __name__ == "__main__":
    main(sys.argv[1])
