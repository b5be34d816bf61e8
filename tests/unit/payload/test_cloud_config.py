"""The user data that units become."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from ruamel.yaml import YAML

from trunkline.addresses.base import Endpoint
from trunkline.addresses.names import Peer
from trunkline.errors import ConfigurationError
from trunkline.model import Probes, Versions
from trunkline.payload import (
    LocalUnit,
    MachineFile,
    SecretSource,
    Unit,
    machine_firewall,
    packaged,
    user_data,
)
from trunkline.payload.cloud_config import FETCHER
from trunkline.payload.units import Agent, Cloudflared, Configuration, Envoy
from trunkline.probing.source import agent_source

SOURCE = SecretSource("print('hello')\n", ("the-vault", "the-name"))


def files(user_data: str) -> dict[str, dict[str, Any]]:
    entries = YAML(typ="safe").load(user_data)["write_files"]
    return {entry["path"]: entry for entry in entries}


def commands(user_data: str) -> list[list[str]]:
    found: list[list[str]] = YAML(typ="safe").load(user_data)["runcmd"]
    return found


def tunnelled() -> str:
    configuration = Configuration(
        source=SOURCE,
        bootstrap="/etc/envoy/envoy.json",
        seconds=30,
        zone="us-east-1a",
        metadata=("169.254.169.254",),
        token=SOURCE,
    )
    return user_data([Envoy(bootstrap={"a": 1}), configuration, Cloudflared()])


def public() -> str:
    return user_data([Envoy(bootstrap={"a": 1}, public_to=("192.0.2.0/24",))])


def test_a_tunnelled_edge_installs_both_packages_at_their_pins() -> None:
    [install] = [command for command in commands(tunnelled()) if command[0].endswith("/install")]
    assert install[1].startswith(f"envoy={Versions().envoy},")
    assert install[2].startswith(f"cloudflared={Versions().cloudflared},")


def test_a_public_edge_has_no_tunnel_and_no_secret_to_fetch() -> None:
    assert "cloudflared" not in public()
    assert FETCHER not in files(public())


def test_the_unit_asks_for_the_secret_by_name_and_gives_cloudflared_a_file() -> None:
    written = files(tunnelled())
    settings = json.loads(written["/etc/trunkline/configuration.json"]["content"])
    assert settings["token"] == [FETCHER, "the-vault", "the-name"]
    unit = written["/etc/systemd/system/trunkline-tunnel.service"]["content"]
    assert f"LoadCredential=token:{settings['folder']}/token" in unit
    assert "--token-file ${CREDENTIALS_DIRECTORY}/token" in unit


def test_only_what_reads_secrets_may_ask_the_metadata_service() -> None:
    folder = "/etc/systemd/system/trunkline-configuration.service.d"
    drop_in = files(tunnelled())[f"{folder}/20-metadata.conf"]["content"]
    assert "for address in 169.254.169.254; do" in drop_in
    assert "prohibit" in drop_in


def test_a_public_edge_trusts_cloudflares_client_certificate_alone() -> None:
    entry = files(public())["/etc/envoy/cloudflare-origin-pull-ca.pem"]
    authority = x509.load_pem_x509_certificate(entry["content"].encode())
    authority.verify_directly_issued_by(authority)
    assert "origin-pull.cloudflare.net" in authority.subject.rfc4514_string()


def test_another_version_can_be_asked_for() -> None:
    units = [Envoy(bootstrap={}, version="1.40.1"), Cloudflared(version="2027.1.0")]
    [install] = [each for each in commands(user_data(units)) if each[0].endswith("/install")]
    assert [each.partition(",")[0] for each in install[1:]] == [
        "envoy=1.40.1",
        "cloudflared=2027.1.0",
    ]


def test_each_repository_is_trusted_by_its_own_key_only() -> None:
    for package in (Envoy(bootstrap={}).package, Cloudflared().package):
        source = files(tunnelled())[f"/etc/apt/sources.list.d/{package.name}.sources"]["content"]
        keys = " ".join(package.fingerprints)
        assert f"Signed-By: /etc/apt/keyrings/{package.key_file} {keys}\n" in source
        assert f"URIs: {package.url}\n" in source
        assert package.url.startswith("https://")


def test_other_signing_keys_can_be_asked_for() -> None:
    units = [Envoy(bootstrap={}, signing_keys=("AB" * 20, "CD" * 20)), Cloudflared()]
    written = files(user_data(units))
    signed = "Signed-By: /etc/apt/keyrings/{}\n"
    envoy = written["/etc/apt/sources.list.d/envoy.sources"]["content"]
    assert signed.format(f"envoy.asc {'AB' * 20} {'CD' * 20}") in envoy
    [current, before] = Versions().signing_keys.cloudflared
    cloudflared = written["/etc/apt/sources.list.d/cloudflared.sources"]["content"]
    assert signed.format(f"cloudflared.gpg {current} {before}") in cloudflared


def test_the_installer_is_a_shell_script(tmp_path: Path) -> None:
    script = tmp_path / "install.sh"
    script.write_text(packaged("install.sh"))
    subprocess.run(["sh", "-n", script], check=True)


def probe() -> Agent:
    peers = tuple(
        Peer("shop", zone, Endpoint(f"{zone}.shop.probes.t.example.com", 9000))
        for zone in ("us-east-1a", "us-east-1b")
    )
    return Agent(
        site="shop",
        cloud="aws",
        zone="us-east-1a",
        probes=Probes(port=9000, samples=50, operators=("203.0.113.7/32",)),
        peers=peers,
        key=SOURCE,
    )


def test_the_agents_configuration_names_its_zone_and_its_peers() -> None:
    config = json.loads(files(user_data([probe()]))["/etc/trunkline/probe.json"]["content"])
    assert (config["site"], config["zone"], config["port"]) == ("shop", "us-east-1a", 9000)
    assert config["operators"] == ["203.0.113.7/32"]
    assert [peer["host"] for peer in config["peers"]] == [
        "us-east-1a.shop.probes.t.example.com",
        "us-east-1b.shop.probes.t.example.com",
    ]


def test_a_probe_fetches_its_key_each_time_it_starts() -> None:
    written = files(user_data([probe()]))
    unit = written["/etc/systemd/system/trunkline-probe.service"]["content"]
    assert "fetch-secret the-vault the-name > ${RUNTIME_DIRECTORY}/key" in unit
    config = json.loads(written["/etc/trunkline/probe.json"]["content"])
    assert config["key_file"] == "/run/trunkline-probe/key"


def test_the_agents_program_arrives_unchanged() -> None:
    entry = files(user_data([probe()]))["/usr/local/lib/trunkline/agent.py"]
    assert entry["content"] == agent_source()


def test_the_same_units_give_the_same_bytes() -> None:
    assert tunnelled() == tunnelled()
    assert user_data([probe()]) == user_data([probe()])


class _Writer(Unit):
    """A daemon that reads one file."""

    name = "writer"
    remedy = "write less"
    service = "[Service]\n"

    def __init__(self, content: str, path: str = "/etc/writer") -> None:
        self._file = MachineFile(path, content)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        return (self._file,)

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise NotImplementedError


@pytest.mark.parametrize(
    "content",
    ["", "\n", "\n\n\n", "a", "a\n", "a\n\n", "  indented first\nthen not\n", "a\n\n  b\n", "\tt\n",
     "'\"#: {}[]&*!|>%@`\n", "- a: b\n...\n---\n", "trailing  \n \n", "ümlaut ∑ 😀\n"],
)  # fmt: skip
def test_a_file_is_read_back_to_the_character(content: str) -> None:
    assert files(user_data([_Writer(content)]))["/etc/writer"]["content"] == content


@pytest.mark.parametrize("character", ["\r", "\x00", "\x1b", "\x85", "\u2028", "\ufeff", "\ud800"])
def test_a_character_that_yaml_cannot_hold_is_named(character: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"/etc/writer .* U\+{ord(character):04X}"):
        user_data([_Writer(f"a{character}b")])


def test_a_file_that_two_units_share_is_written_once() -> None:
    shared = user_data([_Writer("the same\n"), _Writer("the same\n")])
    assert shared.count("path: /etc/writer\n") == 1


def test_two_units_cannot_write_different_texts_to_one_file() -> None:
    with pytest.raises(ConfigurationError, match="two units of a machine write /etc/writer"):
        user_data([_Writer("one\n"), _Writer("another\n")])


def test_the_commands_are_lists_so_that_no_shell_reads_them() -> None:
    assert all(isinstance(command, list) for command in commands(tunnelled()))
    assert commands(tunnelled())[-1] == [
        *("systemctl", "enable", "--now", "--no-block"),
        "trunkline-edge.service",
        "trunkline-configuration.service",
        "trunkline-tunnel.service",
    ]


def test_a_machines_firewall_is_that_of_all_its_units() -> None:
    rules = machine_firewall([Envoy(bootstrap={}), Cloudflared()]).egress
    assert [(rule.protocol, rule.port) for rule in rules] == [
        *(("tcp", 80), ("tcp", 443)),
        *(("udp", 7844), ("tcp", 7844)),
    ]
