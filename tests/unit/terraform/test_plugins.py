"""The providers of all stacks, fetched once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from trunkline.errors import OutputError
from trunkline.terraform.plugins import (
    LOCK,
    Plugin,
    alone_with_plugins,
    cache_folder,
    first_ones,
    plugins_of,
    share_checksums,
)

AWS, CLOUDFLARE = Plugin("hashicorp/aws", "6.25.0"), Plugin("cloudflare/cloudflare", "5.14.0")
SHORT = {"hashicorp/aws": "aws"}


def stack(folder: Path, name: str, *plugins: Plugin) -> Path:
    required = {
        each.source.split("/")[1]: {
            "source": SHORT.get(each.source, each.source),
            "version": each.version,
        }
        for each in plugins
    }
    (folder / name).mkdir()
    terraform = {"terraform": {"required_providers": required}} if plugins else {}
    (folder / name / "cdk.tf.json").write_text(json.dumps(terraform))
    return folder / name


def block(plugin: Plugin) -> str:
    return (
        f'provider "registry.terraform.io/{plugin.source}" {{\n  version     = "{plugin.version}"\n'
        '  hashes = [\n    "h1:abc=",\n  ]\n}\n'
    )


def lock(folder: Path, *plugins: Plugin) -> None:
    (folder / LOCK).write_text("# by terraform init\n\n" + "\n".join(map(block, plugins)))


def test_the_providers_of_a_stack_are_read(tmp_path: Path) -> None:
    assert plugins_of(stack(tmp_path, "a", AWS, CLOUDFLARE)) == {AWS, CLOUDFLARE}
    assert plugins_of(stack(tmp_path, "b")) == frozenset()


def test_one_stack_for_each_new_provider_goes_first(tmp_path: Path) -> None:
    zones = stack(tmp_path, "zones-aws", AWS)
    edge = stack(tmp_path, "edge-aws", AWS, CLOUDFLARE)
    google = stack(tmp_path, "edge-google", Plugin("hashicorp/google", "6.50.0"), CLOUDFLARE)
    stacks = [zones, edge, google]
    assert first_ones(stacks, tmp_path / "cache") == [edge, google]


def test_a_provider_that_is_cached_and_locked_is_not_new(tmp_path: Path) -> None:
    one, other = stack(tmp_path, "one", AWS), stack(tmp_path, "other", AWS)
    lock(one, AWS)
    assert first_ones([one, other], tmp_path / "cache") == [one]
    (tmp_path / "cache" / "registry.terraform.io" / "hashicorp" / "aws" / "6.25.0").mkdir(
        parents=True
    )
    assert first_ones([one, other], tmp_path / "cache") == []


def test_a_stack_gets_the_checksums_of_its_providers_alone(tmp_path: Path) -> None:
    edge, zones = stack(tmp_path, "edge", AWS, CLOUDFLARE), stack(tmp_path, "zones", AWS)
    lock(edge, AWS, CLOUDFLARE)
    share_checksums(zones, [edge, zones])
    assert (zones / LOCK).read_text() == block(AWS)
    share_checksums(edge, [edge, zones])
    assert (edge / LOCK).read_text() == block(CLOUDFLARE) + "\n" + block(AWS)


def test_checksums_of_another_version_go(tmp_path: Path) -> None:
    edge = stack(tmp_path, "edge", AWS)
    lock(edge, Plugin(AWS.source, "5.100.0"))
    share_checksums(edge, [edge])
    assert (edge / LOCK).read_text() == ""


def test_a_stack_without_providers_gets_no_lock_file(tmp_path: Path) -> None:
    local = stack(tmp_path, "local")
    share_checksums(local, [local])
    assert not (local / LOCK).exists()


def test_the_cache_is_the_users_own_or_one_of_trunkline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache_folder({"TF_PLUGIN_CACHE_DIR": "/plugins"}) == Path("/plugins")
    assert cache_folder({"XDG_CACHE_HOME": "/cache"}) == Path("/cache/trunkline/plugins")
    assert cache_folder({}) == Path("/home/ada/.cache/trunkline/plugins")


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(OutputError, match="name another folder in TF_PLUGIN_CACHE_DIR")
    with refused, alone_with_plugins([stack(tmp_path, "a", AWS)], tmp_path / "file" / "cache"):
        pass


def test_stacks_without_providers_need_no_cache(tmp_path: Path) -> None:
    with alone_with_plugins([stack(tmp_path, "a")], tmp_path / "cache"):
        assert not (tmp_path / "cache").exists()


def test_two_runs_do_not_fill_the_cache_at_once(tmp_path: Path) -> None:
    stacks, cache = [stack(tmp_path, "a", AWS)], tmp_path / "cache"
    with alone_with_plugins(stacks, cache), pytest.raises(Timeout):
        FileLock(cache / "trunkline.lock", timeout=0).acquire()
    FileLock(cache / "trunkline.lock", timeout=0).acquire()
