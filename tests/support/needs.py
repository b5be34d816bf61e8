"""What tests need of the machine beyond what `make` installs: one list, for every skip and for CI.

`python3 tests/support/needs.py` prints what is missing, which tests are skipped for it, and the
line that installs it; with `packages` it prints the Debian packages. It needs the standard library
only, so that `make test` can begin with it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
AWS_PROVIDER = "the real AWS provider"
AWS_PROVIDER_FOLDER = "TRUNKLINE_AWS_PROVIDER"

POSTGRESQL = "a PostgreSQL server"

BOOT = "machines that boot with their user data"
NAMESPACES = "probes in network namespaces"
BACKBONE = "edges that join a backbone, in network namespaces"
REHEARSAL = "the rehearsal"
MACHINES = (BOOT, NAMESPACES, BACKBONE, REHEARSAL)


@dataclass(frozen=True)
class Need:
    """What may be missing, the tests that cannot run without it, and how to get it."""

    name: str
    tests: tuple[str, ...]
    found: Callable[[], bool]
    package: str = ""  # Debian's
    remedy: str = ""  # where there is no such package


def _tool(name: str, package: str, *tests: str) -> Need:
    return Need(name, tests, lambda: shutil.which(name) is not None, package)


NEEDS = (
    Need("Linux", MACHINES, lambda: sys.platform == "linux", remedy="run on Linux"),
    Need("root", MACHINES, lambda: os.geteuid() == 0, remedy="run as root"),
    Need(
        "/dev/net/tun",
        (NAMESPACES, BACKBONE, REHEARSAL),
        Path("/dev/net/tun").exists,
        remedy="load the kernel module tun",
    ),
    _tool("ip", "iproute2", *MACHINES),
    _tool("mmdebstrap", "mmdebstrap", BOOT, REHEARSAL),
    _tool("systemd-nspawn", "systemd-container", BOOT, REHEARSAL),
    _tool("dpkg-deb", "dpkg", BOOT, REHEARSAL),
    _tool("gpg", "gnupg", BOOT, REHEARSAL),
    _tool("nsenter", "util-linux", BOOT, BACKBONE, REHEARSAL),
    _tool("unshare", "util-linux", BOOT, BACKBONE, REHEARSAL),
    _tool("nft", "nftables", BACKBONE, REHEARSAL),
    _tool("ping", "iputils-ping", BACKBONE, REHEARSAL),
    _tool("wg", "wireguard-tools", BACKBONE, REHEARSAL),
    _tool("wireguard-go", "wireguard-go", BACKBONE, REHEARSAL),
    _tool("nebula", "nebula", BACKBONE),
    _tool("nebula-cert", "nebula", BACKBONE),
    _tool("curl", "curl", REHEARSAL),
    _tool("wrk", "wrk", REHEARSAL),
    # 113 MB to fetch and 18 s to install; with nothing that it only recommends.
    _tool("chromium", "chromium", "the report in a browser"),
    Need("Debian's archive keys", (BOOT, REHEARSAL), KEYRING.exists, "debian-archive-keyring"),
    _tool("cloud-init", "cloud-init", "user data held against cloud-init's own schema"),
    Need(
        POSTGRESQL,
        ("a database behind two edges",),
        lambda: any(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        "postgresql",
    ),
    Need(
        "terraform",
        ("stacks that Terraform applies", "the demo", REHEARSAL),
        lambda: shutil.which("terraform") is not None,
        remedy="install Terraform: https://developer.hashicorp.com/terraform/install",
    ),
    Need(
        AWS_PROVIDER,
        ("AWS stacks that the real provider applies",),
        lambda: Path(os.environ.get(AWS_PROVIDER_FOLDER) or "/nowhere").is_dir(),
        remedy=f"set {AWS_PROVIDER_FOLDER} to its folder in a filesystem mirror",
    ),
)
BOOTING = tuple(need.name for need in NEEDS if BOOT in need.tests)
REHEARSING = tuple(need.name for need in NEEDS if REHEARSAL in need.tests)


def missing(*names: str) -> str | None:
    """Why a test that needs all of these is skipped, and the remedy; None where all are there."""
    absent = [need for need in NEEDS if need.name in names and not need.found()]
    if not absent:
        return None
    return f"needs {', '.join(need.name for need in absent)}; {'; '.join(_remedies(absent))}"


def needs(*names: str) -> pytest.MarkDecorator:
    """A mark that skips a test where one of these is missing."""
    import pytest

    reason = missing(*names)
    return pytest.mark.skipif(reason is not None, reason=reason or "")


def report() -> str:
    """What `make test` says at its start."""
    absent = [need for need in NEEDS if not need.found()]
    if not absent:
        return "make test: everything that the tests need is here"
    lines = ["make test: these are missing, so the tests beside them are skipped:"]
    lines += [f"  {need.name}: {', '.join(need.tests)}" for need in absent]
    lines += ["To run them:", *(f"  {remedy}" for remedy in _remedies(absent))]
    return "\n".join(lines)


def packages(wanted: Sequence[Need] = NEEDS) -> list[str]:
    """The Debian packages of these, each once."""
    return sorted({need.package for need in wanted if need.package})


def _remedies(absent: Sequence[Need]) -> list[str]:
    others = [need.remedy for need in absent if need.remedy]
    debian = " ".join(packages(absent))
    return [f"on Debian: apt-get install -y {debian}", *others] if debian else others


if __name__ == "__main__":
    print(" ".join(packages()) if "packages" in sys.argv else report())
