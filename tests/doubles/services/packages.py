"""Signed apt repositories: the two vendors' and Debian's own."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

from .web import Request, Response


class SigningKey:
    """A key like a vendor's, in a folder of its own, made for one test session."""

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._gpg("--quick-generate-key", "--passphrase", "", owner, "ed25519", "sign", "never")
        self.binary = self._gpg("--export")
        self.armored = self._gpg("--export", "--armor")
        lines = self._gpg("--list-keys", "--with-colons").decode().splitlines()
        self.fingerprint = next(line.split(":")[9] for line in lines if line.startswith("fpr"))

    def clear_sign(self, text: str) -> bytes:
        return self._gpg("--clear-sign", "--digest-algo", "SHA512", stdin=text.encode())

    def close(self) -> None:
        """gpg leaves an agent running for each folder."""
        command = ["gpgconf", "--homedir", str(self._folder), "--kill", "all"]
        subprocess.run(command, check=True, capture_output=True)

    def _gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self._folder), "--batch", "--quiet", *arguments]
        return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


@dataclass
class PackageHost:
    """Files by path; the small ones are in memory, packages stay where they are."""

    files: Mapping[str, bytes | Path]
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        found = self.files.get(unquote(request.path))
        if found is None:
            return Response.text("not found", 404)
        return Response(200, found if isinstance(found, bytes) else found.read_bytes())


def repository(
    root: str, suite: str, architecture: str, debs: Iterable[Path], key: SigningKey
) -> dict[str, bytes | Path]:
    """The files of an apt repository with one suite and the component `main`."""
    pool = {f"pool/{deb.name}": deb for deb in debs}
    index = "\n".join(_entry(path, deb) for path, deb in pool.items()).encode()
    packages = f"main/binary-{architecture}/Packages"
    release = _release(suite, architecture, packages, index)
    dists = f"{root}/dists/{suite}"
    files: dict[str, bytes | Path] = {f"{root}/{path}": deb for path, deb in pool.items()}
    files[f"{dists}/InRelease"] = key.clear_sign(release)
    files[f"{dists}/{packages}"] = index
    return files


def _entry(path: str, deb: Path) -> str:
    command = ["dpkg-deb", "--field", str(deb)]
    control = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    size = deb.stat().st_size
    return f"{control.rstrip()}\nFilename: {path}\nSize: {size}\nSHA256: {digest}\n"


def _release(suite: str, architecture: str, path: str, index: bytes) -> str:
    digest = hashlib.sha256(index).hexdigest()
    return "\n".join(
        [
            "Origin: trunkline tests",
            f"Suite: {suite}",
            f"Codename: {suite}",
            f"Date: {formatdate(usegmt=True)}",
            f"Architectures: {architecture} all",
            "Components: main",
            "SHA256:",
            f" {digest} {len(index)} {path}",
            "",
        ]
    )
