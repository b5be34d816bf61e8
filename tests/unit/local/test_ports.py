"""Which process holds an address; the messages of a start are in tests/contract/local."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil
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
        assert ports.holders("tcp", "127.0.0.1", port) == {os.getpid()}
        assert ports.holders("udp", "127.0.0.1", port) == set()


def test_a_holder_of_udp_is_found() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert ports.holders("udp", "127.0.0.1", port) == {os.getpid()}
        assert ports.holders("tcp", "127.0.0.1", port) == set()


@pytest.mark.parametrize("host", ["::", "::ffff:127.0.0.1"])
def test_a_holder_with_a_socket_of_both_families_is_found(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        assert ports.holders("tcp", "127.0.0.1", port) == {os.getpid()}
        assert "is taken by" in ports.obstacle(f"tcp 127.0.0.1:{port}")


def test_a_holder_of_another_address_is_not_found() -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        assert ports.holders("tcp", "127.0.0.1", server.getsockname()[1]) == set()


def test_a_connected_client_does_not_hold_its_port() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert ports.holders("tcp", "127.0.0.1", client.getsockname()[1]) == set()


def test_where_the_system_hides_the_sockets_of_others_our_own_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ports.holders("tcp", "127.0.0.1", server.getsockname()[1]) == {os.getpid()}


def test_a_holder_that_the_system_hides_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "net_connections", lambda kind: [])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports.obstacle(f"tcp 127.0.0.1:{port}") == (
            f"tcp 127.0.0.1:{port} is taken; end that, or choose another address"
        )


def test_on_macos_the_remedy_is_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ports.obstacle("tcp 192.0.2.1:80") == (
        "this machine has no address 192.0.2.1; add it: sudo ifconfig lo0 alias 192.0.2.1"
    )


def test_a_port_for_root_alone_comes_with_its_remedy() -> None:
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
