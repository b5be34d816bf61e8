"""Services across clouds: applications ask under the services' own names, in their own networks."""

from __future__ import annotations

import contextlib
import ipaddress
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from support.examples import ROOT
from support.guides import blocks

from rehearsal.applications import Application, application
from rehearsal.names import public_names
from rehearsal.stage import Stage
from trunkline.model import Service, Topology

GUIDE, ASKING = ROOT / "docs" / "guides" / "services.md", "aws"


def use_services(stage: Stage, topology: Topology) -> None:
    """Have an application of each site use every service that the topology gives it."""
    for site in topology.sites:
        used = [service for service in topology.services if site.name in service.sites]
        if not used:
            continue
        with stage.printer.step(f"use {len(used)} services from {site.name}") as step:
            with an_application(stage, topology, site.name) as asking:
                urls = [url for service in used for url in urls_of(service)]
                for url in urls:
                    stage.wait_until(partial(answers, asking, url), f"{url} in {site.name}")
                times = [float(ask(asking, url)[1]) * 1000 for url in urls]
            step.result = f"{len(urls)} names, {max(times):.0f} ms at most for a new connection"
        stage.report.add(f"services in {site.name}", step.result)


def follow_the_guide(stage: Stage, topology: Topology) -> None:
    """Have an application do what the guide says, word for word, where it has that service."""
    [told] = [each.text for each in blocks(GUIDE) if each.words == "application"]
    site = next((each for each in topology.sites if each.name == ASKING), None)
    used = [each for each in topology.services if ASKING in each.sites]
    if site is None or not any(host in told for each in used for host in each.hosts):
        return
    with stage.printer.step(f"follow the guide {GUIDE.stem} in {ASKING}") as step:
        with an_application(stage, topology, ASKING, last=4) as asking:
            trusting = ("env", "CURL_CA_BUNDLE=authority.pem")
            done = asking.run(*trusting, "bash", "-euo", "pipefail", "-c", told)
        assert done.returncode == 0, f"{told}\n{done.stdout}{done.stderr}"
        address, _, answer = done.stdout.partition("\n")
        range_ = ipaddress.ip_network(site.network.cidr or "")
        assert ipaddress.ip_address(address.split()[0]) in range_, address
        assert "answers /" in answer, answer
        step.result = f"{address.split()[0]} passes it to a service that answers"
    stage.report.add("the guide to services", step.result)


def urls_of(service: Service) -> Iterator[str]:
    """What applications ask, one URL for each name; `tcp` carries plain HTTP here."""
    scheme = "https" if service.tls and service.mode == "passthrough" else "http"
    for host in service.hosts:
        yield f"{scheme}://{host.replace('*.', 'any.')}:{service.asked_port}/{service.name}"


def answers(asking: Application, url: str) -> bool:
    """Whether the service answers, and nobody in its place."""
    status, _, body = ask(asking, url)
    return status == "200" and "answers /" in body


def ask(asking: Application, url: str) -> tuple[str, str, str]:
    """The status, the seconds until the answer began, and the answer."""
    written = "%{http_code} %{time_starttransfer}"
    done = asking.run(
        *("curl", "-sS", "--max-time", "5", "--cacert", "authority.pem"),
        *("-o", "body", "-w", written, url),
    )
    body = asking.folder / "body"
    status, _, seconds = done.stdout.partition(" ")
    return status, seconds or "0", body.read_text() if body.exists() else done.stderr


@contextlib.contextmanager
def an_application(
    stage: Stage, topology: Topology, site: str, last: int = 3
) -> Iterator[Application]:
    """An application in the network of a site's edge, which trusts whom the machines trust.

    Its address is number `last` from the end of its subnet's range. Take one that no application
    has just had: for a minute the neighbours would send what is for it to that one.
    """
    machine = stage.sky.find(stage.edge(topology, site))
    folder = Path(stage.folder) / f"application-{site}"
    folder.mkdir(exist_ok=True)
    shutil.copy(stage.operator.folder / "authority.pem", folder)
    with application(
        machine.sky,
        machine.plug.network,
        str(ipaddress.ip_network(machine.plug.cidr)[-last]),
        machine.plug.cidr,
        world=stage.sky.world,
        networks=stage.sky.networks,
        lookup=public_names(stage.sky.world),
        folder=folder,
    ) as made:
        yield made
