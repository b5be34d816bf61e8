"""The moto server, with what it gets wrong about our stacks put right; takes moto_server's options.

moto forgets the security groups of a machine that asks for a public address at its creation: it
keeps them at the network interface only. Terraform would want to add them again and again.

It forgets the description of a rule that names a security group.

It takes a zone that is made with a VPC for a public one, unless it is told that it is private.

Its data are not made for threads: of two rules that go at the same time one is not found. So each
request is answered by itself.

Now and then an answer is lost on its way, and the provider asks again. For what the first try has
removed, AWS answers with an error that the provider takes for done; moto answers with another one.
So the second try gets the first one's answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import moto.server
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.route53.responses import Route53
from werkzeug.serving import run_simple
from werkzeug.wrappers import Response

attach_interfaces = Instance.prep_nics
get_bool = Route53._get_bool_param


def attach_interfaces_and_groups(machine: Any, *args: Any, **kwargs: Any) -> None:
    """The machine has the security groups of its first network interface."""
    attach_interfaces(machine, *args, **kwargs)
    machine.security_groups = machine.security_groups or list(machine.nics[0].group_set)


def description(rule: Any) -> str | None:
    """It stands beside the range or the group that a rule names."""
    found: str | None = {**rule.source_group, **rule.ip_range}.get("Description")
    return found


def private_by_its_vpc(request: Any, name: str, default: bool | None = None) -> bool | None:
    """A zone that is made with a VPC is private."""
    if name == "HostedZoneConfig.PrivateZone" and request._get_param("VPC.VPCId"):
        return True
    return get_bool(request, name, default)


def run_one_at_a_time(host: str, port: int, app: Any, **options: Any) -> None:
    """Serve `app` with a thread for each connection, and one request at a time.

    A call that has succeeded and comes again gets its first answer: all tries of an SDK's call have
    one `amz-sdk-invocation-id`.
    """
    lock = threading.Lock()
    succeeded: dict[str, Response] = {}

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
        with lock:
            response = succeeded.get(invocation) or Response.from_app(app, environ, buffered=True)
            if invocation and 200 <= response.status_code < 300:
                succeeded[invocation] = response
        return response(environ, start_response)

    run_simple(host, port, answer, **options)


if __name__ == "__main__":
    Instance.prep_nics = attach_interfaces_and_groups  # type: ignore[assignment, method-assign]
    SecurityGroupRule.description = property(description)  # type: ignore[assignment, method-assign]
    Route53._get_bool_param = private_by_its_vpc  # type: ignore[assignment, method-assign]
    moto.server.run_simple = run_one_at_a_time  # type: ignore[assignment, attr-defined]
    moto.server.main()
