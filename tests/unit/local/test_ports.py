"""Who has an address, as far as the system tells; the rest is in tests/contract/local."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.local import ports


def test_a_free_address_has_no_obstacle() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ports.obstacle(f"tcp 127.0.0.1:{port}") == ""
    assert ports.obstacle(f"udp 127.0.0.1:{port}") == ""


def test_lingering_connections_do_not_hold_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # this end lingers
    assert ports.obstacle(f"tcp 127.0.0.1:{port}") == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_holder_is_found_on_this_address_and_on_all(host: str) -> None:
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        assert ports.holders("tcp", "127.0.0.1", port) == [os.getpid()]
        assert ports.holders("udp", "127.0.0.1", port) == []


def test_a_holder_on_all_addresses_of_both_families_is_found() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        assert ports.holders("tcp", "127.0.0.1", port) == [os.getpid()]
        assert "is taken by" in ports.obstacle(f"tcp 127.0.0.1:{port}")


def test_a_holder_on_another_address_is_none() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        assert ports.holders("tcp", "127.0.0.1", server.getsockname()[1]) == []


def test_mac_os_is_told_to_add_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ports.obstacle("tcp 192.0.2.1:80") == (
        "this machine has no address 192.0.2.1; add it: sudo ifconfig lo0 alias 192.0.2.1"
    )


def test_elsewhere_lsof_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    double = tmp_path / "lsof"
    double.write_text(
        '#!/bin/sh\n[ "$*" = "-nP -t -iTCP:8080 -sTCP:LISTEN" ] && printf "12\\n34\\n"\n'
    )
    double.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ports.holders("tcp", "127.0.0.1", 8080) == [12, 34]


def test_without_lsof_nobody_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.obstacle(f"tcp 127.0.0.1:{port}") == (
            f"tcp 127.0.0.1:{port} is taken; end that, or choose another address"
        )


def test_a_port_for_root_alone_is_told() -> None:
    code = (
        "import os; from trunkline.local.ports import obstacle; os.setuid(65534)\n"
        "print(obstacle('tcp 127.0.0.1:79'))"
    )
    if os.geteuid() != 0:
        code = code.replace("os.setuid(65534)", "pass")
    lowest = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if lowest.exists() and int(lowest.read_text()) <= 79:
        pytest.skip("this system lets everybody have every port")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "tcp 127.0.0.1:79 is for root alone; choose a port from 1024\n"
