"""The moto server, with what it gets wrong about our stacks put right; takes moto_server's options.

moto forgets the security groups of a machine that asks for a public address at its creation: it
keeps them at the network interface only. Terraform would want to add them again and again.

Its server closes the connection after every answer, and now and then before the answer was read:
the provider asks again, and what it made is there already. With HTTP/1.1 connections stay. Its data
are not made for threads: of two rules that go at the same time one is not found. So each request is
answered by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import moto.server
from moto.ec2.models.instances import Instance
from werkzeug.serving import WSGIRequestHandler, run_simple

attach_interfaces = Instance.prep_nics


def attach_interfaces_and_groups(machine: Any, *args: Any, **kwargs: Any) -> None:
    """The machine has the security groups of its first network interface."""
    attach_interfaces(machine, *args, **kwargs)
    machine.security_groups = machine.security_groups or list(machine.nics[0].group_set)


def run_one_at_a_time(host: str, port: int, app: Any, **options: Any) -> None:
    """Serve `app` with a thread for each connection, and one request at a time."""
    lock = threading.Lock()

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        with lock:
            return list(app(environ, start_response))

    run_simple(host, port, answer, **options)


if __name__ == "__main__":
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    Instance.prep_nics = attach_interfaces_and_groups  # type: ignore[assignment, method-assign]
    moto.server.run_simple = run_one_at_a_time  # type: ignore[assignment, attr-defined]
    moto.server.main()
