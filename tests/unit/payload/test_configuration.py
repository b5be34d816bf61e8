"""What an edge serves, in the items of a secret store."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority

from trunkline.envoy import (
    CONTROL_PLANE_CREDENTIAL,
    CONTROL_PLANE_PAIR,
    OTLP_CREDENTIAL,
    ZONE,
    KeyGuard,
    LoopbackListener,
    Resources,
    resources,
)
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_FORWARDING, Server, Upstream
from trunkline.payload import sync
from trunkline.payload.configuration import FORMAT, NONE, Later, pack
from trunkline.payload.unit import machine_program

KEYS = ["new" * 20, "old" * 20]
SETTINGS = {
    "fetch": [],
    "item": "c",
    "seconds": 30,
    "zone": "us-east-1a",
    "envoy": "",
    "bootstrap": "",
}


def served(*prefixes: str, host: str = "10.0.0.9", zone: str = "us-east-1a") -> Resources:
    return resources(
        site="aws",
        zone=zone,
        cloud="aws",
        routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
        upstreams={None: Upstream([Server(host, 8080, tls=False)])},
        listener=LoopbackListener(),
        guard=KeyGuard(["edge.example.com"]),
        folder="/run/x",
    )


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The items by name, as the machine's program reads them."""
    items: dict[str, str] = {}

    def read(fetch: list[str], item: str) -> str:
        if item not in items:
            raise sync.SyncError(f"{item} cannot be read")
        return items[item]

    monkeypatch.setattr(sync, "item_text", read)
    return items


def put(store: dict[str, str], items: list[str]) -> None:
    store.update({"c" if n == 1 else f"c-{n}": item for n, item in enumerate(items, 1)})


@pytest.mark.parametrize("limit", [65_536, 900])
def test_the_machine_unpacks_what_was_packed(store: dict[str, str], limit: int) -> None:
    made = served("/api/v5", "/api/v6")
    items = pack(made, KEYS, limit)
    assert (len(items) > 1) is (limit == 900)
    assert all(len(item) <= limit for item in items)
    put(store, items)
    found = sync.read([], "c")
    assert found.document["listeners"] == [*made.listeners]
    assert found.document["clusters"] == list(made.clusters)
    assert found.document["routes"] == [*made.routes]
    assert found.keys == KEYS


@pytest.mark.parametrize("limit", [65_536, 2_000])
def test_what_the_edge_shows_its_collector_arrives(store: dict[str, str], limit: int) -> None:
    made, value = served("/api/v5"), "Bearer " + "x" * 695
    items = pack(made, KEYS, limit, header=base64.b64encode(value.encode()).decode())
    assert all(len(item) <= limit for item in items)
    put(store, items)
    found = sync.read([], "c")
    assert found.header == value
    assert found.document["listeners"] == [*made.listeners]


def test_envoy_finds_what_the_edge_shows_its_collector(tmp_path: Path) -> None:
    sync.put_shown(str(tmp_path), sync.OTLP, "secret")
    assert "secret" in (tmp_path / f"{OTLP_CREDENTIAL}.json").read_text()


def test_both_sides_know_the_same_format_and_place_of_a_key() -> None:
    from trunkline.envoy.assertion import AUDIENCE
    from trunkline.envoy.key_guard import KEY

    assert (sync.FORMAT, sync.PLACE, sync.ZONE) == (FORMAT, KEY, ZONE)
    assert (sync.AUDIENCE, sync.NONE) == (AUDIENCE, NONE)
    assert (sync.OTLP, sync.CERTIFICATE) == (OTLP_CREDENTIAL, CONTROL_PLANE_PAIR)
    assert '"""' not in machine_program("sync")


def test_the_keys_and_the_zone_take_their_places(store: dict[str, str]) -> None:
    put(store, pack(served("/", zone=ZONE), KEYS, 65_536))
    made = sync.files(sync.read([], "c"), "us-east-1c")
    assert ZONE not in str(made)
    assert '"zone": "us-east-1c"' in json.dumps(made["lds"])
    refusal = made["rds"][0]["virtual_hosts"][0]["routes"][0]
    assert refusal["direct_response"] == {"status": 403}
    assert [each["string_match"]["exact"] for each in refusal["match"]["headers"]] == KEYS
    assert sync.PLACE not in str(made)


def test_an_empty_place_is_no_key(store: dict[str, str]) -> None:
    put(store, pack(served("/"), [KEYS[0], ""], 65_536))
    assert sync.read([], "c").keys == KEYS[:1]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["", ""], "there is no key"),
        (["short"], "less than 32"),
        ([".*" * 20], "other characters"),
        (["a" * 40 + "|"], "other characters"),
    ],
)
def test_a_key_that_would_let_everybody_in_is_refused(
    store: dict[str, str], keys: list[str], said: str
) -> None:
    put(store, pack(served("/"), keys, 65_536))
    with pytest.raises(sync.SyncError, match=said):
        sync.read([], "c")


def test_the_audience_is_put_into_its_place(store: dict[str, str]) -> None:
    made = served("/")
    document: Any = {"routes": [{"name": sync.AUDIENCE}], "clusters": [], "listeners": []}
    put(store, pack(made, KEYS, 65_536, audience="ab12"))
    found = sync.read([], "c")
    assert found.audience == "ab12"
    assert sync.files(found._replace(document=document), "z")["rds"] == [{"name": "ab12"}]


def test_an_audience_that_is_no_word_is_refused(store: dict[str, str]) -> None:
    put(store, pack(served("/"), KEYS, 65_536, audience='","x":"'))
    with pytest.raises(sync.SyncError, match="the audience has other characters"):
        sync.read([], "c")


def test_without_items_only_the_token_is_brought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [sys.executable, "-c", "print('the-token')"]
    turns = sync.Sync({"token": told, "shown": {}, "seconds": 30, "folder": str(tmp_path)})
    assert turns.turn() > 3600  # Envoy has another server to ask
    assert (tmp_path / "token").read_text() == "the-token"
    assert "the token of the tunnel is in place" in capsys.readouterr().out


@pytest.fixture
def shown(tmp_path: Path) -> sync.Sync:
    """The program of an edge that shows a control plane what two files beside it hold."""

    def told(name: str) -> list[str]:
        code = "import sys; sys.stdout.write(open(sys.argv[1]).read())"
        return [sys.executable, "-c", code, str(tmp_path / f"{name}.txt")]

    names = (CONTROL_PLANE_PAIR, CONTROL_PLANE_CREDENTIAL)
    commands = {name: told(name) for name in names}
    (tmp_path / "run").mkdir()
    return sync.Sync({"shown": commands, "seconds": 30, "folder": str(tmp_path / "run")})


def certificate(folder: Path, name: str, key_of: str | None = None) -> str:
    """A certificate and a key in PEM; they fit unless the key is that of another name."""
    authority = Authority(folder, "ca")
    pair, other = authority.pair(name), authority.pair(key_of or f"other.{name}")
    key = other.key if key_of else pair.key
    return Path(pair.certificate).read_text() + Path(key).read_text()


def test_what_an_edge_shows_its_control_plane_is_looked_for_again(
    shown: sync.Sync, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = {name: tmp_path / f"{name}.txt" for name in shown.config["shown"]}
    placed = {name: tmp_path / "run" / f"{name}.json" for name in store}
    first, second = (certificate(tmp_path, name) for name in ("first", "second"))
    for value, pem in (("Bearer one", first), ("Bearer two", second)):
        store[CONTROL_PLANE_CREDENTIAL].write_text(value)
        store[CONTROL_PLANE_PAIR].write_text(pem)
        assert shown.turn() == 30
        assert value in placed[CONTROL_PLANE_CREDENTIAL].read_text()
        [resource] = json.loads(placed[CONTROL_PLANE_PAIR].read_text())["resources"]
        pair = resource["tls_certificate"]
        chain, key = (pair[part]["inline_string"] for part in ("certificate_chain", "private_key"))
        assert f"{chain}\n{key}\n" == pem
    said = capsys.readouterr().out
    assert said.count("in place") == 2
    assert "Bearer" not in said


def test_a_certificate_that_its_key_does_not_fit_leaves_the_old_one(
    shown: sync.Sync, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"{CONTROL_PLANE_CREDENTIAL}.txt").write_text("Bearer one")
    file = tmp_path / f"{CONTROL_PLANE_PAIR}.txt"
    file.write_text(certificate(tmp_path, "first"))
    shown.turn()
    capsys.readouterr()
    placed = tmp_path / "run" / f"{CONTROL_PLANE_PAIR}.json"
    before = placed.read_text()
    for bad in (certificate(tmp_path, "second", key_of="third"), "-----BEGIN CERTIFICATE-----"):
        file.write_text(bad)
        for _ in range(2):  # it is said once
            assert shown.turn() == 30
            assert placed.read_text() == before
        [said] = capsys.readouterr().out.splitlines()
        assert said.startswith("the certificate and its key cannot be used: [")
        assert said.endswith("; what was there stays in place")
    file.write_text(certificate(tmp_path, "fourth"))
    shown.turn()
    assert placed.read_text() != before
    assert capsys.readouterr().out.endswith("in place\n")


def test_an_edge_does_not_start_without_what_it_shows(shown: sync.Sync, tmp_path: Path) -> None:
    assert shown.turn() == sync.RETRY_SECONDS
    assert not shown.ready
    assert [*(tmp_path / "run").iterdir()] == []


def test_items_of_two_versions_are_not_mixed(store: dict[str, str]) -> None:
    put(store, pack(served("/api/v5"), KEYS, 900))
    changed = pack(served("/api/v6", host="10.0.0.10"), KEYS, 900)
    store["c-2"] = changed[1]
    with pytest.raises(sync.SyncError, match="do not belong together"):
        sync.read([], "c")


@pytest.mark.parametrize(
    "text", ["", "1 1 digest keys - - data", "2 one digest keys - - data", "2 1 x"]
)
def test_another_format_is_refused(store: dict[str, str], text: str) -> None:
    store["c"] = text
    with pytest.raises(sync.SyncError, match="not a configuration of format 2"):
        sync.read([], "c")


def terraform(items: list[str], kept: dict[str, str]) -> list[str]:
    """What Terraform makes of the items, with the local values that were kept."""

    def text(value: str) -> str:
        filled = value.replace("${endpoint.name}", "vpce-1.example.com").replace("$${", "${")
        name = re.fullmatch(r"\$\{base64gzip\(local\.(.*)\)\}", value)
        packed = gzip.compress(text(kept[name[1]]).encode()) if name else b""
        return base64.b64encode(packed).decode() if name else filled

    def digest(match: re.Match[str]) -> str:
        return hashlib.sha256(text(kept[match[1]]).encode()).hexdigest()

    def part(match: re.Match[str]) -> str:
        data, number, count = text(kept[match[1]]), int(match[2]), int(match[3])
        size = math.ceil(len(data) / count)
        return data[number * size : (number + 1) * size]

    size = r"ceil\(length\(local\.\1\) / (\d+)\)"
    substr = re.compile(rf"\$\{{substr\(local\.(\S+), (\d+) \* {size}, {size}\)\}}")
    sha256 = re.compile(r"\$\{sha256\(local\.(\S+)\)\}")
    return [substr.sub(part, sha256.sub(digest, each)) for each in items]


@pytest.mark.parametrize("limit", [65_536, 900])
def test_terraform_packs_what_it_alone_knows(store: dict[str, str], limit: int) -> None:
    made, kept = served("/api/${v5}", host="@endpoint@"), dict[str, str]()

    def keep(name: str, text: str) -> str:
        kept[name] = text
        return f"local.{name}"

    later = Later(marks={"@endpoint@": "${endpoint.name}"}, keep=keep)
    items = terraform(pack(made, KEYS, limit, later=later), kept)
    assert (len(items) > 1) is (limit == 900)
    assert all(len(item) <= limit for item in items)
    put(store, items)
    found = sync.read([], "c")
    assert found.keys == KEYS
    text = json.dumps(found.document)
    assert "vpce-1.example.com" in text and "@endpoint@" not in text
    assert "/api/${v5}" in text


def test_without_marks_nothing_is_left_to_terraform() -> None:
    def keep(name: str, text: str) -> str:
        raise AssertionError(name)

    later = Later(marks={}, keep=keep)
    assert pack(served("/"), KEYS, 4096, later=later) == pack(served("/"), KEYS, 4096)


def test_what_does_not_change_gives_the_same_items() -> None:
    assert pack(served("/"), KEYS, 4096) == pack(served("/"), KEYS, 4096)


def test_a_terraform_expression_is_refused() -> None:
    from cdktf import Token

    host = Token.as_string({"later": True})
    with pytest.raises(ConfigurationError, match="the configuration of an edge would hold"):
        pack(served("/", host=host), KEYS, 4096)


@pytest.mark.parametrize(
    ("failure", "again"),
    [(subprocess.TimeoutExpired("envoy", 60), True), (sync.SyncError("Envoy refuses it"), False)],
    ids=["it could not be checked", "it was refused"],
)
def test_what_was_refused_is_not_tried_again_but_what_could_not_be_checked_is(
    store: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    failure: Exception,
    again: bool,
) -> None:
    put(store, pack(served("/"), KEYS, 65_536))
    checks: list[Exception] = [failure]

    def check(*_: object) -> None:
        if checks:
            raise checks.pop()

    monkeypatch.setattr(sync, "check", check)
    daemon = sync.Sync({**SETTINGS, "folder": str(tmp_path)})
    assert daemon.turn() == sync.RETRY_SECONDS
    daemon.turn()
    assert (tmp_path / "lds.json").exists() is again


def test_a_key_is_not_in_what_is_said_of_a_refusal(
    store: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put(store, pack(served("/"), KEYS, 65_536))

    def check(*_: object) -> None:
        raise sync.SyncError(f"Envoy refuses it: bad match {KEYS[0]}")

    monkeypatch.setattr(sync, "check", check)
    sync.Sync({**SETTINGS, "folder": str(tmp_path)}).turn()
    said = capsys.readouterr().out
    assert "bad match (a key)" in said
    assert not any(key in said for key in KEYS)


@pytest.fixture
def node(store: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sync.Sync:
    """A program that joins a machine to a backbone; Envoy takes everything."""
    monkeypatch.setattr(sync, "check", lambda *_: None)
    monkeypatch.setattr(sync, "WARM_SECONDS", 0)
    (tmp_path / "key").write_text("5e" * 32)
    keys = {"backbone_key": ["cat", str(tmp_path / "key")], "folder": str(tmp_path / "run")}
    (tmp_path / "run").mkdir()
    return sync.Sync({**SETTINGS, **keys})


def test_a_machine_is_told_of_its_backbone_and_gets_its_own_key(
    node: sync.Sync, store: dict[str, str], tmp_path: Path
) -> None:
    told = {"zone": ZONE, "nodes": []}
    put(store, pack(served("/"), KEYS, 65_536, backbone=told))
    node.turn()
    run = tmp_path / "run"
    assert json.loads((run / "backbone.json").read_text()) == {**told, "zone": "us-east-1a"}
    assert (run / "backbone-key").read_text() == "5e" * 32
    assert (run / "backbone-key").stat().st_mode & 0o777 == 0o600


def test_new_keys_come_with_what_is_told_of_the_nodes(
    node: sync.Sync, store: dict[str, str], tmp_path: Path
) -> None:
    put(store, pack(served("/"), KEYS, 65_536, backbone={"nodes": [1]}))
    node.turn()
    (tmp_path / "key").write_text("7a" * 32)
    node.turn()
    assert (tmp_path / "run" / "backbone-key").read_text() == "5e" * 32
    put(store, pack(served("/"), KEYS, 65_536, backbone={"nodes": [2]}))
    node.turn()
    assert (tmp_path / "run" / "backbone-key").read_text() == "7a" * 32


def test_a_key_that_cannot_be_read_is_said_and_looked_for_again(
    node: sync.Sync, store: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, pack(served("/"), KEYS, 65_536, backbone={"nodes": []}))
    (tmp_path / "key").rename(tmp_path / "away")
    node.turn()
    assert "the backbone key cannot be read" in capsys.readouterr().out
    assert (tmp_path / "run" / "lds.json").exists()  # requests are served meanwhile
    (tmp_path / "away").rename(tmp_path / "key")
    node.turn()
    assert (tmp_path / "run" / "backbone-key").exists()


def test_what_measures_the_backbone_gets_keys_that_are_of_no_other_use(
    node: sync.Sync, store: dict[str, str], tmp_path: Path
) -> None:
    check = {"program": "print()\n", "config": {"zone": "@ZONE@", "nodes": []}}
    put(store, pack(served("/"), KEYS, 65_536, backbone={"nodes": []}, check=check))
    node.turn()
    run = tmp_path / "run"
    assert (run / "backbone-check.py").read_text() == check["program"]
    told = json.loads((run / "check.json").read_text())
    assert (told["zone"], told["nodes"]) == ("us-east-1a", [])
    assert len(told["keys"]) == len(KEYS)
    assert not set(told["keys"]) & set(KEYS)
    before = (run / "backbone-check.py").stat().st_ino
    put(store, pack(served("/"), [KEYS[0]], 65_536, backbone={"nodes": []}, check=check))
    node.turn()
    assert len(json.loads((run / "check.json").read_text())["keys"]) == 1
    assert (run / "backbone-check.py").stat().st_ino == before
