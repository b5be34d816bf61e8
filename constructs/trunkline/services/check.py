"""What is wrong with the meaning of an entry: of the catalogue, or a user's own in a topology."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.documents.explain import nearest
from trunkline.documents.findings import KeyPath, Problem, shown
from trunkline.model.catalogue import PORT, REGION, variables_in

Data = Mapping[str, Any]


def check_entry(data: Data, path: KeyPath = ()) -> Iterator[Problem]:
    """The mistakes of an entry in which every value fits the schema or is None.

    `path` is where the entry stands in its file.
    """
    found = [*_undescribed(data), *_given_already(data), *_too_short(data)]
    if (hosts := data.get("hosts")) and None not in hosts:
        found += [*_unused(hosts, data), *_of_private(hosts, data)]
    for each in found:
        yield Problem((*path, *each.path), each.message, each.remedy, at_key=each.at_key)


def _undescribed(data: Data) -> Iterator[Problem]:
    """Variables that nobody could fill."""
    for place, pattern in _patterns(data):
        for name in variables_in(pattern):
            if name != REGION and name not in _described(data):
                yield _unknown_variable(place, name, _described(data))
    if "port" in data and data["port"] is None and PORT not in _described(data):
        message = "the user chooses the port, and nothing says so"
        yield Problem(("port",), message, f"say under variables what {PORT} stands for")


def _unknown_variable(place: KeyPath, name: str, described: Data) -> Problem:
    match = nearest(name, [REGION, *described])
    remedy = f"did you mean {{{match}}}?" if match else "say under variables what it stands for"
    return Problem(place, f"the variable {{{name}}} is not described", remedy)


def _given_already(data: Data) -> Iterator[Problem]:
    """Variables that are known without the topology."""
    if REGION in _described(data):
        message = "the region comes from the site"
        yield Problem(("variables", REGION), message, "delete it", at_key=True)
    if PORT in _described(data) and data.get("port", 0) is not None:
        message, remedy = "the port stands in the entry already", "delete it, or write port: null"
        yield Problem(("variables", PORT), message, remedy, at_key=True)


def _too_short(data: Data) -> Iterator[Problem]:
    """Hosts of one label: `*.com` would stand for everybody's names."""
    for index, host in enumerate(data.get("hosts") or ()):
        if host and "." not in host.removeprefix("*.") and not variables_in(host):
            remedy = "write it in full, like api.example.com or *.example.com"
            yield Problem(("hosts", index), f"{shown(host)} has one label", remedy)


def _unused(hosts: Sequence[str], data: Data) -> Iterator[Problem]:
    """Variables that no host asks for."""
    for name in _described(data):
        if name not in (REGION, PORT, *variables_in(*hosts)):
            message = f"no host has the variable {{{name}}}"
            place: KeyPath = ("variables", name)
            yield Problem(place, message, "delete it, or correct a host", at_key=True)


def _of_private(hosts: Sequence[str], data: Data) -> Iterator[Problem]:
    """Private endpoints for hosts that the service does not have."""
    for index, endpoint in enumerate(data.get("private") or ()):
        for number, host in enumerate((endpoint or {}).get("hosts") or ()):
            if host is not None and host not in hosts:
                place: KeyPath = ("private", index, "hosts", number)
                match = nearest(host, hosts)
                remedy = f"did you mean {match}?" if match else "write one of the entry's hosts"
                yield Problem(place, f"the service has no host {shown(host)}", remedy)


def _patterns(data: Data) -> Iterator[tuple[KeyPath, str]]:
    """Every text in which variables may stand, with its place."""
    for index, host in enumerate(data.get("hosts") or ()):
        yield ("hosts", index), host or ""
    for index, endpoint in enumerate(data.get("private") or ()):
        for key in ("service", "zone"):
            yield ("private", index, key), (endpoint or {}).get(key) or ""


def _described(data: Data) -> Data:
    return data.get("variables") or {}
