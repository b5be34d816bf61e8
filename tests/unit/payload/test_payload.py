"""What machines run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from ruamel.yaml import YAML

from trunkline.addresses.loopback import Endpoint
from trunkline.addresses.names import Peer
from trunkline.model import Probes
from trunkline.payload import EdgePayload, ProbePayload, packaged
from trunkline.payload.packages import CLOUDFLARED, ENVOY
from trunkline.payload.secret import SecretSource
from trunkline.probing.source import agent_source

SOURCE = SecretSource("print('hello')\n", ("the-vault", "the-name"))


def files(user_data: str) -> dict[str, dict[str, Any]]:
    entries = YAML(typ="safe").load(user_data)["write_files"]
    return {entry["path"]: entry for entry in entries}


def commands(user_data: str) -> list[list[str]]:
    found: list[list[str]] = YAML(typ="safe").load(user_data)["runcmd"]
    return found


def tunnelled() -> str:
    return EdgePayload(bootstrap={"a": 1}, tunnel_token=SOURCE).user_data()


def public() -> str:
    return EdgePayload(bootstrap={"a": 1}, public=True).user_data()


def test_a_tunnelled_edge_installs_both_packages_at_their_pins() -> None:
    [install] = [command for command in commands(tunnelled()) if command[0].endswith("/install")]
    assert install[1].startswith(f"envoy={ENVOY.version},")
    assert install[2].startswith(f"cloudflared={CLOUDFLARED.version},")


def test_a_public_edge_has_no_tunnel_and_no_secret_to_fetch() -> None:
    assert "cloudflared" not in public()
    assert "/usr/local/lib/trunkline/fetch-secret" not in files(public())


def test_the_unit_asks_for_the_secret_by_name_and_gives_cloudflared_a_file() -> None:
    unit = files(tunnelled())["/etc/systemd/system/trunkline-tunnel.service"]["content"]
    assert "fetch-secret the-vault the-name > ${RUNTIME_DIRECTORY}/token" in unit
    assert "--token-file ${RUNTIME_DIRECTORY}/token" in unit


def test_a_public_edge_trusts_cloudflares_client_certificate_alone() -> None:
    entry = files(public())["/etc/envoy/cloudflare-origin-pull-ca.pem"]
    authority = x509.load_pem_x509_certificate(entry["content"].encode())
    authority.verify_directly_issued_by(authority)
    assert "origin-pull.cloudflare.net" in authority.subject.rfc4514_string()


def test_each_repository_is_trusted_by_its_own_key_only() -> None:
    for package in (ENVOY, CLOUDFLARED):
        source = files(tunnelled())[f"/etc/apt/sources.list.d/{package.name}.sources"]["content"]
        assert f"Signed-By: /etc/apt/keyrings/{package.key_file}" in source
        assert f"URIs: {package.url}\n" in source
        assert package.url.startswith("https://")


@pytest.mark.parametrize("name", ["install.sh", "google-startup.sh"])
def test_shell_scripts_parse(name: str, tmp_path: Path) -> None:
    script = tmp_path / name
    script.write_text(packaged(name))
    subprocess.run(["sh", "-n", script], check=True)


def probe() -> ProbePayload:
    peers = tuple(
        Peer("shop", zone, Endpoint(f"{zone}.shop.probes.t.example.com", 9000))
        for zone in ("us-east-1a", "us-east-1b")
    )
    return ProbePayload(
        site="shop",
        cloud="aws",
        zone="us-east-1a",
        probes=Probes(port=9000, samples=50, operators=("203.0.113.7/32",)),
        peers=peers,
        key=SOURCE,
    )


def test_a_probe_is_told_where_it_stands_and_whom_to_measure() -> None:
    config = json.loads(files(probe().user_data())["/etc/trunkline/probe.json"]["content"])
    assert (config["site"], config["zone"], config["port"]) == ("shop", "us-east-1a", 9000)
    assert config["operators"] == ["203.0.113.7/32"]
    assert [peer["host"] for peer in config["peers"]] == [
        "us-east-1a.shop.probes.t.example.com",
        "us-east-1b.shop.probes.t.example.com",
    ]


def test_a_probe_fetches_its_key_each_time_it_starts() -> None:
    written = files(probe().user_data())
    unit = written["/etc/systemd/system/trunkline-probe.service"]["content"]
    assert "fetch-secret the-vault the-name > ${RUNTIME_DIRECTORY}/key" in unit
    config = json.loads(written["/etc/trunkline/probe.json"]["content"])
    assert config["key_file"] == "/run/trunkline-probe/key"


def test_the_agent_arrives_as_it_is() -> None:
    entry = files(probe().user_data())["/usr/local/lib/trunkline/agent.py"]
    assert entry["content"] == agent_source()


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert tunnelled() == tunnelled()
    assert probe().user_data() == probe().user_data()
