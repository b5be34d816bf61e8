"""The samples on this machine: behind an edge, and in place of the services that it reaches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files

from attrs import evolve

from trunkline.addresses.base import Endpoint
from trunkline.local.layout import AUTHORITY
from trunkline.local.machine import LocalMachine, LocalProcess
from trunkline.model import Service, StandIn

SAMPLE, MAKER = "sample.py", "certificates.py"


def sample_machine(name: str, at: Endpoint, where: Mapping[str, str]) -> LocalMachine:
    """The machine that runs `local/sample.py` at an address; `where` is what its answers say."""
    process = LocalProcess(
        name="sample",
        program="python",
        arguments=("-I", "-S", SAMPLE, "sample.json"),
        files={SAMPLE: _text(SAMPLE), "sample.json": _json(_served(at, where))},
        ready=f"http://{at}/healthz",
    )
    return LocalMachine(name=name, kind="sample", processes=(process,), addresses=(f"tcp {at}",))


def stood_in(service: Service, at: Endpoint, machine: str) -> Service:
    """The service with its sample on `machine`, as the edge's Envoy finds that from its folder."""
    stand_in = StandIn(address=at.host, port=at.port, authority=f"../{machine}/{AUTHORITY}")
    return evolve(service, stand_in=stand_in)


def stand_in_machine(
    name: str, ends: Mapping[bool, Endpoint], where: Mapping[str, str], services: Iterable[Service]
) -> LocalMachine:
    """The machine that stands in for services: `ends` says where, with TLS and without.

    It makes its own certificates, of an authority that ends with it.
    """
    names = [name for each in services if each.tls for name in _names(each)]
    made = {True: lambda at: _with_tls(at, where, names), False: lambda at: _plain(at, where)}
    return LocalMachine(
        name=name,
        kind="sample",
        processes=tuple(made[tls](at) for tls, at in sorted(ends.items())),
        addresses=tuple(f"tcp {at}" for _, at in sorted(ends.items())),
    )


def _names(service: Service) -> tuple[str, ...]:
    """The names that its certificate has to have."""
    return (service.server,) if service.server else service.hosts


def _with_tls(at: Endpoint, where: Mapping[str, str], names: Iterable[str]) -> LocalProcess:
    config = {**_served(at, where), "names": list(dict.fromkeys(names))}
    return LocalProcess(
        name="services",
        program="python",
        arguments=("-I", MAKER, "services.json", SAMPLE),
        files={
            SAMPLE: _text(SAMPLE),
            MAKER: _text(MAKER),
            "services.json": _json(config),
        },
        ready=f"tcp://{at}",
    )


def _plain(at: Endpoint, where: Mapping[str, str]) -> LocalProcess:
    return LocalProcess(
        name="plain",
        program="python",
        arguments=("-I", "-S", SAMPLE, "plain.json"),
        files={SAMPLE: _text(SAMPLE), "plain.json": _json(_served(at, where))},
        ready=f"http://{at}/healthz",
    )


def _served(at: Endpoint, where: Mapping[str, str]) -> dict[str, object]:
    return {**where, "address": at.host, "port": at.port}


def _json(config: Mapping[str, object]) -> str:
    return json.dumps(config, separators=(",", ":")) + "\n"


def _text(program: str) -> str:
    return files("trunkline.local").joinpath(program).read_text("utf-8")
