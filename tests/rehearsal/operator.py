"""The operator: a place at the internet from which a user's commands run."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doubles.machines.network import inside
from doubles.services.trust import Authority
from support.examples import ROOT

from rehearsal.access import CREDENTIALS
from rehearsal.distances import OPERATOR
from rehearsal.internet import Internet, namespace
from rehearsal.names import API, API_TOKEN, Lookup, asking, serving_names

RESOLVER = "127.0.0.53"
# By these OpenSSL (of Python, too), Node.js and curl trust the sky's authority.
TRUSTING = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")


class CommandError(AssertionError):
    """A command of the operator's failed; the text is what it printed."""


@dataclass(frozen=True)
class Answer:
    """An answer of the public hostname, and how long it took."""

    status: int
    site: str
    body: str
    seconds: float


@dataclass(frozen=True)
class Operator:
    """Runs commands in a namespace of its own, which asks the sky's DNS."""

    namespace: str
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, exit_code: int = 0, timeout: float = 600) -> str:
        """A command's output; CommandError where it ends with another exit code."""
        done = subprocess.run(
            self._entered(command),
            cwd=self.folder,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if done.returncode != exit_code:
            said = f"{done.stdout}{done.stderr}"
            raise CommandError(f"{' '.join(command)}: exit code {done.returncode}\n{said}")
        return done.stdout

    @contextlib.contextmanager
    def start(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs beside the block, with its output in a pipe."""
        process = subprocess.Popen(
            self._entered(command),
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def trunkline(self, *arguments: str, exit_code: int = 0, timeout: float = 600) -> str:
        """What a command of trunkline's prints; CommandError for another exit code."""
        command = (sys.executable, "-m", "trunkline", *arguments)
        return self.run(*command, exit_code=exit_code, timeout=timeout)

    def get(self, url: str, timeout: float = 60, *, known: bool = True) -> Answer:
        """Ask a URL once; status 0 where nobody answers. To Access it is `known` by its token."""
        form = "%{http_code} %header{trunkline-site} %{time_total}"
        options = ["--max-time", str(timeout), "--write-out", f"\n{form}"]
        if known:
            options += [part for each in CREDENTIALS.items() for part in ("-H", ": ".join(each))]
        command = ("curl", "--silent", "--show-error", *options)
        began = time.monotonic()
        try:
            printed = self.run(*command, url)
        except CommandError as error:
            return Answer(0, "", str(error), time.monotonic() - began)
        body, _, figures = printed.rpartition("\n")
        status, site, seconds = figures.split(" ")
        return Answer(int(status), site, body, float(seconds))

    def ask_cloudflare(self, path: str) -> Any:
        """The result that Cloudflare's API gives for a path, such as `/zones`."""
        url = f"https://{API}/client/v4{path}"
        header = ("--header", f"Authorization: Bearer {API_TOKEN}")
        command = ("curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20")
        printed = self.run(*command, *header, url)
        return json.loads(printed)["result"]

    def shell(self) -> str:
        """The command that opens a shell in which `curl` and `trunkline` work as for a user."""
        words = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        entered = shlex.join(self._entered(["bash"]))
        return f"cd {shlex.quote(str(self.folder))} && {' '.join(words)} {entered}"

    def end(self) -> None:
        """End what still runs: an interrupted command's Terraform has a session of its own."""
        listed = subprocess.run(
            ["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=False
        )
        for pid in listed.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def _entered(self, command: Sequence[str]) -> list[str]:
        return asking(self.namespace, command)


@contextlib.contextmanager
def operator(
    internet: Internet,
    address: str,
    lookup: Lookup,
    authority: Authority,
    folder: Path,
    variables: Mapping[str, str],
) -> Iterator[Operator]:
    """An operator at a public address, in whose shell the variables are set."""
    (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
    trusted, temporary = folder / "authority.pem", folder / "tmp"
    trusted.write_text(authority.pem)
    temporary.mkdir(exist_ok=True)
    with namespace("operator") as place, contextlib.ExitStack() as stack:
        internet.join(place, address, OPERATOR)
        with inside(place):
            stack.enter_context(serving_names(RESOLVER, lookup))
        trusting = dict.fromkeys(TRUSTING, str(trusted))
        # What a command leaves that is ended goes with the folder.
        own = {"PYTHONPATH": str(ROOT / "constructs"), "TMPDIR": str(temporary)}
        found = Operator(place, folder, {**own, **trusting, **variables})
        try:
            yield found
        finally:
            found.end()
