"""State backends and tags: the clouds' rules that the schema cannot spell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.documents.findings import Problem
from trunkline.model import OWN_TAGS
from trunkline.topology.checks.partial import PartialTopology

OUTPUT = "cdktf.out"
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}\Z")


def local_state_survives(draft: PartialTopology) -> Iterator[Problem]:
    directory = draft.text("state", "local", "directory")
    if OUTPUT in directory.split("/"):
        message = f"{OUTPUT} is written anew by every synthesis, and the state would be lost"
        yield Problem(("state", "local", "directory"), message, "choose a folder of its own")


def buckets_are_named_well(draft: PartialTopology) -> Iterator[Problem]:
    for backend, rule in (("s3", _s3_rule), ("gcs", _gcs_rule)):
        bucket = draft.text("state", backend, "bucket")
        if fault := rule(bucket) or _bucket_rule(bucket):
            path = ("state", backend, "bucket")
            yield Problem(path, f"a bucket's name {fault}", "check the name of the bucket")


def _bucket_rule(bucket: str) -> str | None:
    if ".." in bucket:
        return "has no empty label between dots"
    return "is not an IP address" if _ADDRESS.match(bucket) else None


def _s3_rule(bucket: str) -> str | None:
    if bucket.startswith(("xn--", "sthree-", "amzn-s3-demo-")):
        return "on S3 does not begin with xn--, sthree- or amzn-s3-demo-"
    if bucket.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3")):
        return "on S3 does not end with -s3alias, --ol-s3, .mrap or --x-s3"
    return None


def _gcs_rule(bucket: str) -> str | None:
    if bucket.startswith("goog") or "google" in bucket:
        return "on Google Cloud does not contain google or begin with goog"
    return None


def prefixes_are_paths(draft: PartialTopology) -> Iterator[Problem]:
    for backend in ("s3", "gcs", "azurerm"):
        prefix = draft.text("state", backend, "prefix")
        if prefix and not all(part not in ("", ".", "..") for part in prefix.split("/")):
            message = f"{prefix} has an empty part, . or .. between its slashes"
            yield Problem(("state", backend, "prefix"), message, "write it like team/trunkline")


def resource_groups_are_named_well(draft: PartialTopology) -> Iterator[Problem]:
    paths: list[tuple[str, ...]] = [("state", "azurerm", "resource_group")]
    paths += [("sites", site, "network", "existing", "resource_group") for site in draft.sites]
    for path in paths:
        if draft.text(*path).endswith("."):
            yield Problem(path, "a resource group's name does not end with a dot", "check the name")


def tags_are_allowed(draft: PartialTopology) -> Iterator[Problem]:
    clouds = draft.facts.values()
    for tag in draft.mapping("tags"):
        owner = next((facts for facts in clouds if tag.startswith(facts.reserved_tags)), None)
        if owner is not None:
            starts = ", ".join(owner.reserved_tags)
            message = f"{owner.title} keeps tags that begin with {starts} to itself"
            yield Problem(("tags", tag), message, "choose another name", at_key=True)


def tags_fit(draft: PartialTopology) -> Iterator[Problem]:
    tags = draft.mapping("tags")
    count = len({*OWN_TAGS, *tags})
    least = min(draft.facts.values(), key=lambda facts: facts.most_tags, default=None)
    if least is not None and count > least.most_tags:
        own = f"{len(OWN_TAGS)} of trunkline's own included"
        message = f"{count} tags, {own}, and {least.title} takes {least.most_tags} on a resource"
        yield Problem(("tags",), message, f"delete {count - least.most_tags}")


CHECKS = (
    tags_fit,
    local_state_survives,
    buckets_are_named_well,
    prefixes_are_paths,
    resource_groups_are_named_well,
    tags_are_allowed,
)
