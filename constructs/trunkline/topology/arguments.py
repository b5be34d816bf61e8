"""The arguments of a construct, checked by the rules of a topology file, in the same sentences.

A small topology is made of them, with fixed values for what they leave out, and is checked like a
file. A mistake in an argument raises ConfigurationError. Warnings are left to `trunkline validate`.
A Terraform expression is not checked: its value is known only when Terraform runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import asdict

from trunkline.clouds.facts import facts_of
from trunkline.documents.document import Document
from trunkline.documents.explain import Breach, explain
from trunkline.documents.findings import KeyPath, printable, show_path
from trunkline.documents.schema import check_schema, load_schema
from trunkline.documents.source import FileKind, Source
from trunkline.errors import ConfigurationError
from trunkline.model import (
    ControlPlane,
    ExistingNetwork,
    Forwarding,
    HeaderRules,
    Network,
    Otlp,
    Probes,
    Site,
    Upstream,
    Versions,
)
from trunkline.payload.expressions import holds_expression, refuse_expression
from trunkline.topology.check import check_meaning

Data = dict[str, Any]

LONGEST_NAME = 63  # https://cloud.google.com/compute/docs/naming-resources

CLOUDFLARE: Data = {
    "account_id": "4f1d2c3b4a59687786958493a2b1c0df",
    "plan": "enterprise",
    "access": {"team": "name"},
}
_TOPOLOGY: Data = {
    "name": "name",
    "domain": "trunkline.dev",
    "sites": {},
    "routing": {"routes": {}},
}
_BACKBONE: Data = {"kind": "wireguard"}
_SOURCE = Source("", "", FileKind("arguments", max_bytes=0, remedy="see the reference"))


def check_name(construct: str, name: str) -> None:
    """Check what the names of a construct's resources begin with; `construct` is for messages."""
    if holds_expression(name):
        return
    if len(name) > LONGEST_NAME:
        message = f"the name has {len(name)} characters; use at most {LONGEST_NAME}"
        raise ConfigurationError(f"{construct}: {message}")
    rule = load_schema("topology")["properties"]["name"]  # but for its length: it is a part there
    if not re.fullmatch(rule["pattern"], name):
        breach = Breach("pattern", rule["pattern"], rule, ("name",), name, _SOURCE.kind)
        _refuse(f"{construct}: name: {each.message}; {each.remedy}" for each in explain(breach))


def check_site(
    construct: str,
    site: Site,
    *,
    routes: Mapping[str, Forwarding] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Check a site, the routes that its edge answers, and the tags of its resources."""
    data = {"routing": _routing(routes or {}, site)}
    places: dict[KeyPath, str] = {("routing", "routes"): "routes", ("tags",): "tags"}
    if tags and not holds_expression(" ".join([*tags, *tags.values()])):
        data["tags"] = dict(tags)
    if not holds_expression(f"{site.name} {site.region} {site.zone} {' '.join(site.zones)}"):
        data["sites"] = {site.name: _site(site)}
        places["sites", site.name] = "site"
    ingress: Data = {"local": {}} if facts_of(site.cloud).on_this_machine else {}
    check_data(construct, {**data, **ingress}, places)


def check_probes(construct: str, probes: Probes) -> None:
    """Check the ports, operators and times of probes."""
    given = {**asdict(probes), "operators": list(probes.operators)}
    data = {key: value for key, value in given.items() if value is not None}
    check_data(construct, {"probes": data}, {("probes",): "probes"})


def check_otlp(construct: str, otlp: Otlp) -> None:
    """Check a collector; a machine's user data and firewall rules hold what it says."""
    refuse_expression(f"{otlp.endpoint} {otlp.ca}", f"{construct}: otlp")
    data = {name: value for name, value in asdict(otlp).items() if value is not None}
    check_data(construct, {"telemetry": {"otlp": data}}, {("telemetry", "otlp"): "otlp"})


def check_control_plane(construct: str, control_plane: ControlPlane) -> None:
    """Check an xDS server; a machine's user data and firewall rules hold what it says."""
    data = {name: value for name, value in asdict(control_plane).items() if value}
    refuse_expression(" ".join(map(str, data.values())), f"{construct}: control_plane")
    place: KeyPath = ("edge", "control_plane")
    check_data(construct, {"edge": {"control_plane": data}}, {place: "control_plane"})


def check_service(
    construct: str,
    name: str,
    services: Mapping[str, Data],
    clouds: Mapping[str, str],
    region: str | None,
) -> None:
    """Check the service `name` of `services`, as a topology has them, and beside the others.

    `clouds` are those of the sites, by site; `region` is that of the service.
    """
    refuse_expression(str(services[name]), construct)
    sites = {site: {**_examples(f"{cloud}_site"), "cloud": cloud} for site, cloud in clouds.items()}
    known = {
        site: {key: value for key, value in each.items() if value is not None}
        for site, each in sites.items()
    }
    data = {**services[name], **({"region": region} if region else {})}
    if region and data["from"] in known:
        known[data["from"]]["region"] = region  # of the service's own site, which is not known here
    given = {"sites": known, "services": {**services, name: data}, "backbone": _BACKBONE}
    check_data(construct, given, {("services", name): "service"})


def check_versions(construct: str, versions: Versions) -> None:
    """Check the versions of what an edge runs; a machine's user data holds what they say."""
    data = {**asdict(versions), "signing_keys": _lists(asdict(versions.signing_keys))}
    refuse_expression(str(data), f"{construct}: versions")
    check_data(construct, {"edge": {"versions": data}}, {("edge", "versions"): "versions"})


def _lists(data: Data) -> Data:
    return {name: list(values) for name, values in data.items()}


def check_zone(construct: str, *, account_id: str, domain: str) -> None:
    """Check the Cloudflare account and the domain of a zone."""
    check_account(construct, account_id)
    if not holds_expression(domain):
        check_data(construct, {"domain": domain}, {("domain",): "domain"})


def check_account(construct: str, account_id: str | None) -> None:
    """Check a Cloudflare account; None is a missing one."""
    if account_id is None:
        raise ConfigurationError(f"{construct}: account_id: give the Cloudflare account")
    if not holds_expression(account_id):
        data = {"cloudflare": {**CLOUDFLARE, "account_id": account_id}}
        check_data(construct, data, {("cloudflare", "account_id"): "account_id"})


def check_team(construct: str, team: str) -> None:
    """Check the name of a Zero Trust organization."""
    if not holds_expression(team):
        data = {"backbone": {"kind": "warp", "team": team}}
        check_data(construct, data, {("backbone", "team"): "team"})


def check_hostname(construct: str, hostname: str, *, domain: str, place: str = "hostname") -> None:
    """Check a hostname that lies in the zone of `domain`; `place` is what messages call it."""
    if not holds_expression(f"{hostname} {domain}"):
        data = {"domain": domain, "routing": {"hostname": hostname, "routes": {}}}
        check_data(construct, data, {("routing", "hostname"): place})


def check_prefixes(construct: str, prefixes: Iterable[str]) -> None:
    """Check the path prefixes of routes."""
    check_data(
        construct, {"routing": _prefixes(prefixes, "site")}, {("routing", "routes"): "routes"}
    )


def _prefixes(prefixes: Iterable[str], site: str) -> Data:
    known = [prefix for prefix in prefixes if not holds_expression(prefix)]
    return {"routes": {prefix: {"site": site} for prefix in known}}


def _routing(routes: Mapping[str, Forwarding], site: Site) -> Data:
    data = _prefixes(routes, site.name)
    for prefix, route in data["routes"].items():
        # A route of another site may name an upstream that is not here.
        given = asdict(routes[prefix], filter=lambda _, value: value is not None)
        given |= {name: _rules(getattr(routes[prefix], name)) for name in HEADERS}
        route |= {name: value for name, value in given.items() if value and name != "upstream"}
    return data


HEADERS = ("request_headers", "response_headers")


def _rules(rules: HeaderRules) -> Data:
    known = {name: value for name, value in rules.set.items() if not holds_expression(value)}
    found = {"set": known, "remove": list(rules.remove)}
    return {name: value for name, value in found.items() if value}


def _site(site: Site) -> Data:
    """The site as a topology file has it; the schema's examples replace what is not known."""
    examples = _examples(f"{site.cloud}_site")
    data: Data = {"cloud": site.cloud, "zone": site.zone, "zones": list(site.zones)}
    if "region" in examples:
        data["region"] = site.region
    if "account" in examples:
        data["account"] = _known(site.account, examples["account"])
    if site.machine and not holds_expression(site.machine):
        data["machine"] = site.machine
    if site.deployers and not holds_expression(" ".join(site.deployers)):
        data["deployers"] = list(site.deployers)
    if site.vault_access and not holds_expression(" ".join(site.vault_access)):
        data["vault_access"] = list(site.vault_access)
    if site.upstream and (upstream := _upstream(site.upstream)):
        data["upstream"] = upstream
    named = {name: _upstream(each) for name, each in site.upstreams.items()}
    if known := {name: each for name, each in named.items() if each}:
        data["upstreams"] = known
    if network := _network(site, site.network):
        data["network"] = network
    return data


def _upstream(upstream: Upstream) -> str | Data | None:
    """An upstream as a topology file has it; None where a server is not known yet."""
    servers = upstream.servers
    if any(holds_expression(f"{server.host} {server.port!r}") for server in servers):
        return None
    if len(servers) == 1 and upstream == Upstream(servers):
        return servers[0].url
    given: Data = {
        "servers": [
            {"url": server.url, "weight": server.weight, "priority": server.priority}
            for server in servers
        ],
        "protocol": upstream.protocol,
    }
    for name in ("ca", "server_name", "health_path"):
        if (value := getattr(upstream, name)) and not holds_expression(value):
            given[name] = value
    return given


def _network(site: Site, network: Network) -> Data:
    if not isinstance(network, ExistingNetwork):
        return {} if holds_expression(network.cidr) else {"cidr": network.cidr}
    examples = _examples(f"{site.cloud}_existing_network")
    if not examples:  # this machine has none, and says so itself
        return dict(_examples(f"{site.cloud}_site")["network"])
    if network.id and "id" not in examples:  # IDs of the cloud, which a topology does not name
        return {}
    given: Data = {key: value for key, value in asdict(network).items() if value}
    cidr, subnets = given.pop("cidr", None), given.pop("subnets", {})
    if "subnet" in examples:
        if subnet := network.subnet_of(site.zone):
            given["subnet"] = subnet
    elif subnets:
        given["subnets"] = subnets
    known = {
        key: _known_values(value, examples[key])
        if isinstance(value, Mapping)
        else _known(value, examples.get(key))
        for key, value in given.items()
    }
    return {"existing": known, **({"cidr": cidr} if cidr and not holds_expression(cidr) else {})}


def _examples(definition: str) -> Mapping[str, Any]:
    """The first example of each property of a definition of the schema; empty where there is none.

    An unknown cloud has no definition, and the schema says that it is unknown.
    """
    found = load_schema("topology")["$defs"].get(definition, {}).get("properties", {})
    return {name: (each.get("examples") or [None])[0] for name, each in found.items()}


def _known_values(values: Mapping[str, str], example: Mapping[str, str]) -> Data:
    any_of_them = next(iter(example.values()))
    return {name: _known(value, any_of_them) for name, value in values.items()}


def _known(value: str | None, example: Any) -> Any:
    return example if value is None or holds_expression(value) else value


def check_data(construct: str, given: Data, places: Mapping[KeyPath, str]) -> None:
    """Check the given sections of a topology; only what lies in `places` is an argument."""
    ingress = {} if "local" in given else {"cloudflare": CLOUDFLARE}
    data = {**_TOPOLOGY, **ingress, **given}
    document = Document(_SOURCE, data, {})
    problems, rest = check_schema(document, "topology")
    found = [
        f"{construct}: {place}: {problem.message}; {problem.remedy}"
        for problem in [*problems, *check_meaning(document, rest)]
        if problem.level == "error" and (place := _place(problem.path, places))
    ]
    _refuse(found)


def _refuse(sentences: Iterable[str]) -> None:
    """Raise ConfigurationError where there is any sentence, each once."""
    if found := dict.fromkeys(sentences):
        raise ConfigurationError("\n".join(map(printable, found)))


def _place(path: KeyPath, places: Mapping[KeyPath, str]) -> str | None:
    """What the construct calls the place of a finding; None where it is not an argument."""
    for start, name in places.items():
        if path[: len(start)] == start and (len(path) > len(start) or start[-1] != "routes"):
            return name + show_path(("", *path[len(start) :])).removeprefix('""')
    return None
