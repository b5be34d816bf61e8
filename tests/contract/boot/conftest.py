"""Fixtures: the image, the vendors and the synthesized stacks, each once per session."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from doubles.machines import machine, payloads, rootfs
from doubles.machines.payloads import Stacks
from doubles.machines.scene import Scene
from doubles.machines.vendors import vendors
from doubles.services.packages import SigningKey
from doubles.services.trust import Authority
from support.needs import BOOTING, missing


@pytest.fixture(scope="session")
def images() -> rootfs.Images:
    if reason := missing(*BOOTING):
        pytest.skip(reason)
    machine.sweep()
    return rootfs.images()


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningKey]:
    folder = tmp_path_factory.mktemp("signing") / "gpg"
    with contextlib.closing(SigningKey(folder, "trunkline tests")) as key:
        yield key


@pytest.fixture(scope="session")
def scene(
    images: rootfs.Images, signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory
) -> Scene:
    folder = tmp_path_factory.mktemp("vendors")
    return Scene(images, vendors(images, folder, signing_key), Authority())


@pytest.fixture(scope="session")
def tunnelled(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    return payloads.tunnelled(tmp_path_factory.mktemp("tunnelled"), signing_key.fingerprint)


@pytest.fixture(scope="session")
def with_public_edges(signing_key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    return payloads.public(tmp_path_factory.mktemp("public"), signing_key.fingerprint)
