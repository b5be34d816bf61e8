"""A Debian that boots with a cloud's user data, and dies with the test.

    overlay:  a tmpfs for what the machine writes
              files/       what this cloud and this test put there before the first boot
              cloud-init/  (not on Google)
              base/

Mounts live in the machine's own mount namespace and processes in its own control group, so
cleaning up is: kill the group, and the mounts are gone with it.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .network import Network, inside, network, network_named, remove
from .rootfs import Images

_PREFIX = "trunkline-boot"
_numbers = itertools.count()

# cgroup2 in place of version 1: without it one-shot units never end in the machine.
_CONTROL_GROUPS = """
umount --lazy /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
group=/sys/fs/cgroup/$NAME
"""
# systemd-nspawn ends with 133 when the machine reboots; each boot has a fresh group. A machine that
# is switched off (the file `off`) waits with its disk until somebody writes to `power`.
_START = (
    _CONTROL_GROUPS
    + """
export group
# /proc/sys/net alone may be written: a machine that forwards packets has to say so.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
mount -t tmpfs tmpfs disk
mkdir "$group" disk/upper disk/work
mkfifo power
mount -t overlay overlay -o "lowerdir=$LAYERS,upperdir=disk/upper,workdir=disk/work" root
boot=0
while :; do
  boot=$((boot + 1))
  mkdir "$group/$boot"
  status=0
  sh -euc 'echo $$ > "$group/$0/cgroup.procs"; exec "$@"' "$boot" \\
    setpriv --pdeathsig KILL \\
    systemd-nspawn --directory root --machine "$NAME" --boot --quiet \\
      --network-namespace-path "$NETWORK" --capability CAP_NET_ADMIN \\
      --bind /dev/net/tun \\
      --register no --keep-unit --link-journal no --resolv-conf off --timezone off || status=$?
  if [ -e off ]; then read -r on < power; else [ "$status" = 133 ] || exit "$status"; fi
done
"""
)
_STOP = (
    _CONTROL_GROUPS
    + """
[ -d "$group" ] || exit 0
echo 1 > "$group/cgroup.kill"
for attempt in $(seq 100); do
  find "$group" -depth -type d -exec rmdir {} \\; 2>/dev/null || true
  [ -d "$group" ] || exit 0
  sleep 0.05
done
exit 1
"""
)


class MachineError(AssertionError):
    """Something the machine should have done and did not; carries its last words."""


@dataclass
class Machine:
    network: Network
    supervisor: subprocess.Popen[bytes]
    console: Path

    def run(self, *command: str, check: bool = True, timeout: float = 20) -> str:
        """Run a command in the machine as root; its output."""
        enter = ["nsenter", "-t", str(self.init()), "-m", "-u", "-i", "-n", "-p", "--"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [*enter, *command], capture_output=True, text=True, timeout=timeout, env=environment
        )
        if check and done.returncode:
            raise MachineError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def journal(self, unit: str | None = None) -> str:
        self.run("journalctl", "--sync")
        units = ["--unit", unit] if unit else []
        return self.run("journalctl", "--no-pager", "--output", "cat", "--all", *units)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        lines = self.run("systemctl", "show", unit, f"--property={','.join(properties)}")
        return dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)

    def get(
        self,
        port: int,
        path: str,
        host: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """Ask over HTTP from within the machine's network."""
        with inside(self.network.machine):
            connection = http.client.HTTPConnection(host, port, timeout=5)
            connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse()

    def wait_for_http(
        self, port: int, path: str, timeout: float = 60, headers: Mapping[str, str] | None = None
    ) -> None:
        """Until the path answers 200."""

        def answers() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get(port, path, headers=headers).status == 200
            return False

        self.wait(answers, timeout, f"port {port} answers {path}")

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if self.supervisor.poll() is not None:
                raise MachineError(f"the machine ended before {what}\n{self._console()}")
            if time.monotonic() > deadline:
                raise MachineError(f"not within {timeout:.0f} s: {what}\n{self._last_words()}")
            time.sleep(0.1)

    def switch_off(self) -> None:
        """Shut it down; its disk stays, for `switch_on`."""
        self._off.touch()
        self.run("systemctl", "poweroff", check=False)
        self.wait(self._is_off, 60, "the machine is off")

    def switch_on(self) -> None:
        """Boot it again, with what is on its disk."""
        self._off.unlink()
        (self.console.parent / "power").write_text("on\n")
        self.wait_until_up()

    def wait_until_up(self) -> None:
        self.wait(lambda: self.exists("/run/systemd/system"), 60, "systemd is up")

    def _is_off(self) -> bool:
        try:
            self.init()
        except MachineError:
            return True
        return False

    @property
    def _off(self) -> Path:
        return self.console.parent / "off"

    def cloud_init_status(self) -> dict[str, Any]:
        """What cloud-init says of itself: status, errors, recoverable_errors."""
        text = self.run("cloud-init", "status", "--format", "json", check=False)
        status: dict[str, Any] = json.loads(text) if text else {}
        return status

    def wait_for_cloud_init(self, timeout: float = 90) -> dict[str, Any]:
        """Until cloud-init has come to its end, good or bad; what it says then."""
        # Its own command takes a third of a second, so first look for what it leaves.
        result = "/run/cloud-init/result.json"
        self.wait(lambda: self.exists(result), timeout, "cloud-init is done")
        self.wait(lambda: self._cloud_init_says() != "running", 10, "cloud-init's last unit ended")
        return self.cloud_init_status()

    def _cloud_init_says(self) -> str:
        return str(self.cloud_init_status().get("status", "running"))

    def listening(self) -> set[tuple[str, int]]:
        """Every TCP address and port that something in the machine listens on."""
        lines = self.run("ss", "--no-header", "--tcp", "--listening", "--numeric").splitlines()
        places = [line.split()[3].rpartition(":") for line in lines]
        return {(address, int(port)) for address, _, port in places}

    def path(self, path: str) -> Path:
        """A file of the machine, as this system can open it."""
        return Path(f"/proc/{self.init()}/root{path}")

    def exists(self, path: str) -> bool:
        with contextlib.suppress(OSError, MachineError):
            return self.path(path).exists()
        return False

    def init(self) -> int:
        """The machine's process 1 as this system numbers it; a reboot changes it."""
        generation = [self.supervisor.pid]
        while generation:
            for process in filter(_is_init, generation):
                return process
            generation = [child for process in generation for child in _children(process)]
        raise MachineError(f"the machine is not up\n{self._console()}")

    def _console(self) -> str:
        return self.console.read_text(errors="replace")[-4000:]

    def _last_words(self) -> str:
        with contextlib.suppress(MachineError, subprocess.TimeoutExpired):
            failed = self.run("systemctl", "--failed", "--no-legend", check=False)
            return f"{failed}\n{self.journal()[-8000:]}"
        return self._console()


def _children(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        listing = Path(f"/proc/{process}/task/{process}/children").read_text()
        return [int(child) for child in listing.split()]
    return []


def _is_init(process: int) -> bool:
    """Whether the process is number 1 in a process namespace of its own."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text()
        return re.search(r"^NSpid:\t\d+\t1$", status, re.MULTILINE) is not None
    return False


@contextlib.contextmanager
def cable(**addresses: Any) -> Iterator[Network]:
    """The machine's network, made first: the doubles have to listen before it boots."""
    name = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
    with network(name, **addresses) as made:
        yield made


@contextlib.contextmanager
def booted(
    images: Images, made: Network, files: Mapping[str, str], cloud_init: bool
) -> Iterator[Machine]:
    """Switch a machine on; on the way out everything that it started is killed."""
    folder = Path(tempfile.mkdtemp(prefix=f"{made.machine}-"))
    try:
        layers = [_write(folder / "files", files), images.base]
        if cloud_init:
            layers.insert(1, images.cloud_init)
        machine = _start(folder, made, layers)
        try:
            yield machine
        finally:
            _stop(made)
            machine.supervisor.kill()  # one that is switched off waits for ever
            machine.supervisor.wait()
    finally:
        _stop(made)
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, made: Network, layers: Sequence[Path]) -> Machine:
    for name in ("disk", "root"):
        (folder / name).mkdir()
    environment = {
        **os.environ,
        "NAME": made.machine,
        "NETWORK": made.machine_path,
        "LAYERS": ":".join(map(str, layers)),
    }
    console = folder / "console.log"
    with console.open("wb") as log:  # setpriv: the machine ends even if this process is killed
        supervisor = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-euc", _START],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the test, which then cleans up
        )
    machine = Machine(made, supervisor, console)
    try:
        machine.wait_until_up()
    except BaseException:
        supervisor.kill()
        supervisor.wait()
        raise
    return machine


def _stop(made: Network) -> None:
    environment = {**os.environ, "NAME": made.machine}
    command = ["unshare", "--mount", "sh", "-euc", _STOP]
    subprocess.run(command, env=environment, check=True, capture_output=True)


def _write(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    return root


def sweep() -> None:
    """Take away what test processes that were killed outright have left."""
    for namespace in Path("/run/netns").glob(f"{_PREFIX}-*-m"):
        if not _owner_lives(namespace.name):
            left = network_named(namespace.name.removesuffix("-m"))
            _stop(left)
            remove(left)
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}-*"):
        if not _owner_lives(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _owner_lives(name: str) -> bool:
    """Names tell the process that they belong to."""
    return lives(name.removeprefix(f"{_PREFIX}-").partition("-")[0])


def lives(pid: str) -> bool:
    """Whether a process runs; one that has ended stays in /proc until its parent has read why."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] != "Z"
    return False
