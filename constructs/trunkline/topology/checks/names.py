"""Domains and hostnames: what DNS, Cloudflare's zones and its free certificate allow."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import Problem
from trunkline.documents.formats import MAX_HOSTNAME
from trunkline.topology.checks.partial import PartialTopology

# Not the whole public suffix list: the ones that people type by mistake.
_SUFFIXES = (
    "co.uk org.uk ac.uk com.au net.au co.jp co.nz com.br co.in co.za co.kr com.cn com.mx com.tr "
    "com.sg com.tw com.ar github.io gitlab.io pages.dev workers.dev web.app firebaseapp.com "
    "azurewebsites.net cloudfront.net herokuapp.com netlify.app vercel.app"
)
PUBLIC_SUFFIXES = frozenset(_SUFFIXES.split(" "))
SPECIAL_USE = frozenset(
    ("local", "localhost", "internal", "test", "invalid", "onion", "arpa", "lan")
)


def domain_is_registrable(draft: PartialTopology) -> Iterator[Problem]:
    domain = draft.text("domain")
    if domain in PUBLIC_SUFFIXES:
        message = f"{domain} is a suffix under which others register names, not a domain of yours"
        yield Problem(("domain",), message, f"write your name under it, like acme.{domain}")
    last = domain.rpartition(".")[2]
    if last in SPECIAL_USE and "cloudflare" in draft.data:
        message = f".{last} is not part of the public DNS, so Cloudflare cannot serve it"
        yield Problem(("domain",), message, "write a domain that is registered")


def domain_is_an_apex(draft: PartialTopology) -> Iterator[Problem]:
    labels = draft.text("domain").split(".")
    suffix = ".".join(labels[-2:])
    apex_labels = 3 if suffix in PUBLIC_SUFFIXES else 2
    if len(labels) > apex_labels and draft.text("cloudflare", "plan") != "enterprise":
        message = "a Cloudflare zone for a subdomain needs the Enterprise plan"
        remedy = f"write the zone's own domain, like {'.'.join(labels[-apex_labels:])}"
        yield Problem(("domain",), message, remedy, "warning")


def hostname_is_covered(draft: PartialTopology) -> Iterator[Problem]:
    hostname, domain = draft.hostname(), draft.text("domain")
    path = ("routing", "hostname")
    if not hostname or not domain or hostname == domain:
        return
    if not hostname.endswith(f".{domain}"):
        remedy = f"write a name like api.{domain}"
        yield Problem(path, f"{hostname} is not inside the domain {domain}", remedy)
    elif "." in (label := hostname.removesuffix(f".{domain}")):
        message = f"{hostname} is too deep for the free certificate of {domain}"
        remedy = f"use one label, like {label.replace('.', '-')}.{domain}"
        yield Problem(path, message, remedy)


def hostname_is_not_an_origin(draft: PartialTopology) -> Iterator[Problem]:
    for site, origin in _origins(draft):
        if origin == draft.hostname():
            message = f"{origin} is the name under which Cloudflare finds the edge of {site}"
            yield Problem(("routing", "hostname"), message, "choose another hostname")
    for site, name in draft.management_names().items():
        if name == draft.hostname():
            message = f"{name} is the name under which operators reach the edge of {site}"
            yield Problem(("routing", "hostname"), message, "choose another hostname")


def origins_are_names(draft: PartialTopology) -> Iterator[Problem]:
    kinds = {"origin": _origins(draft), "management": draft.management_names().items()}
    for kind, site, name in ((k, s, n) for k, names in kinds.items() for s, n in names):
        if len(name) > MAX_HOSTNAME:
            message = f"the {kind} hostname of this site has {len(name)} characters"
            remedy = f"shorten the site, the topology's name or the domain: {MAX_HOSTNAME} fit"
            yield Problem(("sites", site), message, remedy, at_key=True)


def origins_differ(draft: PartialTopology) -> Iterator[Problem]:
    """The site `a` with an edge in zone 2 and the site `a-2` would have one name."""
    first: dict[str, str] = {}
    for site, name in _origins(draft):
        if (other := first.setdefault(name, site)) != site:
            message = f"an edge of this site and one of {other} would both be {name}"
            yield Problem(("sites", site), message, "call one of the sites otherwise", at_key=True)


def _origins(draft: PartialTopology) -> Iterator[tuple[str, str]]:
    """Each site with each of its origin hostnames."""
    for site, names in draft.origins().items():
        for name in names:
            yield site, name


CHECKS = (
    domain_is_registrable,
    domain_is_an_apex,
    hostname_is_covered,
    hostname_is_not_an_origin,
    origins_are_names,
    origins_differ,
)
