"""The moto server, with what it gets wrong about our stacks put right; takes moto_server's options.

moto forgets the security groups of a machine that asks for a public address at its creation: it
keeps them at the network interface only. Terraform would want to add them again and again.

Its data are not made for threads: of two rules that go at the same time one is not found. So each
request is answered by itself.

Now and then an answer is lost on its way, and the provider asks again. AWS takes what is gone for
gone; moto fails. The provider numbers what it asks, so the second try gets the first one's answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import moto.server
from moto.ec2.models.instances import Instance
from werkzeug.serving import run_simple
from werkzeug.test import run_wsgi_app

Answer = tuple[str, list[tuple[str, str]], bytes]  # status, headers, body

attach_interfaces = Instance.prep_nics


def attach_interfaces_and_groups(machine: Any, *args: Any, **kwargs: Any) -> None:
    """The machine has the security groups of its first network interface."""
    attach_interfaces(machine, *args, **kwargs)
    machine.security_groups = machine.security_groups or list(machine.nics[0].group_set)


def run_one_at_a_time(host: str, port: int, app: Any, **options: Any) -> None:
    """Serve `app` with a thread for each connection, and one request at a time."""
    lock = threading.Lock()
    answered = Answers()

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        with lock:
            status, headers, body = answered.answer(environ, app)
        start_response(status, headers)
        return [body]

    run_simple(host, port, answer, **options)


class Answers:
    """The answers that were given: a request that comes again gets the same one."""

    def __init__(self) -> None:
        self._by_invocation: dict[str, Answer] = {}

    def answer(self, environ: Any, app: Any) -> Answer:
        """Ask `app`, unless the same invocation succeeded before.

        All tries of an SDK's call have one `amz-sdk-invocation-id`.
        """
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        if invocation in self._by_invocation:
            return self._by_invocation[invocation]
        answer = run_wsgi_app(app, environ, buffered=True)
        status, headers, body = answer[1], list(answer[2]), b"".join(answer[0])
        if invocation and status.startswith("2"):
            self._by_invocation[invocation] = status, headers, body
        return status, headers, body


if __name__ == "__main__":
    Instance.prep_nics = attach_interfaces_and_groups  # type: ignore[assignment, method-assign]
    moto.server.run_simple = run_one_at_a_time  # type: ignore[assignment, attr-defined]
    moto.server.main()
