"""A machine in its cloud: doubles, network and image put together."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doubles.services.aws import Aws
from doubles.services.azure import Azure
from doubles.services.cloud import Secrets
from doubles.services.google import Google
from doubles.services.trust import Authority

from . import machine, rootfs
from .machine import Machine
from .network import answering, hosts
from .payloads import CloudName, Payload
from .vendors import Vendors

_HOOK = Path(__file__).parent / "firmware_hook.py"
_PYTHON = "usr/lib/python3/dist-packages"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_DEBIAN = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/test-archive.asc
"""
# The virtual cable is plugged in already, and there is no udev in a container to hot-plug others.
_CLOUD_CFG = """\
network: {config: disabled}
updates: {network: {when: [boot]}}
"""

NOBODY = "nameserver 127.0.0.1\n"  # where all names are in /etc/hosts

Cloud = Aws | Google | Azure


@dataclass(frozen=True)
class Running:
    machine: Machine
    cloud: Cloud
    payload: Payload

    @property
    def own_secret(self) -> str:
        """The token of its tunnel, or the key of the probes."""
        return self.cloud.secrets.values[self.payload.own_secret]


@dataclass(frozen=True)
class Scene:
    """What all machines of a session share."""

    images: rootfs.Images
    vendors: Vendors
    authority: Authority

    @contextlib.contextmanager
    def boot(
        self, name: CloudName, payload: Payload, token: str, refusals: tuple[int, ...] = ()
    ) -> Iterator[Running]:
        """A machine that was just switched on; `token` waits in its cloud's secret store, beside
        the configuration of an edge.

        The store first answers with `refusals`, as clouds do until a new permission has spread.
        """
        cloud = _cloud(name, payload, Secrets(payload.stored(token), list(refusals)))
        http = {**self.vendors.http, **cloud.http()}
        https = {**self.vendors.https, **cloud.https()}
        names = hosts({**http, **https})
        files = {**self.files(cloud, names, NOBODY), **cloud.files(payload.user_data)}
        with (
            machine.cable() as cable,
            answering(cable, http, https, self.authority),
            machine.booted(self.images, cable, files, cloud_init=name != "google") as started,
        ):
            yield Running(started, cloud, payload)

    def files(self, cloud: Cloud, names: str, resolver: str) -> dict[str, str]:
        """What makes the doubles pass for the real ones in the machine's eyes.

        `names` are its /etc/hosts, `resolver` its /etc/resolv.conf.
        """
        return {
            _BUNDLE: (self.images.base / _BUNDLE).read_text() + self.authority.pem,
            "usr/local/share/ca-certificates/test.crt": self.authority.pem,
            "usr/share/keyrings/test-archive.asc": self.vendors.archive_key,
            "etc/apt/sources.list.d/debian.sources": _DEBIAN,
            "etc/cloud/cloud.cfg.d/90_test.cfg": _CLOUD_CFG,
            "etc/hosts": names,
            "etc/resolv.conf": resolver,
            "etc/hostname": "machine\n",
            "etc/test-firmware.json": json.dumps(cloud.firmware),
            f"{_PYTHON}/firmware_hook.py": _HOOK.read_text(),
            f"{_PYTHON}/firmware_hook.pth": "import firmware_hook\n",
        }


def _cloud(name: CloudName, payload: Payload, secrets: Secrets) -> Cloud:
    if name == "aws":
        return Aws(secrets, region=payload.region)
    if name == "google":
        return Google(secrets, project=payload.project, startup_script=payload.startup_script)
    return Azure(secrets, vault=payload.vault)
