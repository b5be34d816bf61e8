"""The catalogue as it is: every entry is read, says where its facts come from, and is whole."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.documents.findings import FindingsError
from trunkline.documents.formats import hostname_fault
from trunkline.documents.schema import load_schema
from trunkline.errors import ConfigurationError
from trunkline.model.catalogue import CatalogueEntry
from trunkline.services import catalogue

NAMES = catalogue.names()
REQUIRED = {
    "ai-search", "ai-studio", "alloydb", "anthropic", "azure-ml", "azure-openai", "bedrock",
    "bigquery", "cloud-storage", "cognitive-services", "cohere", "comprehend", "cosmos-db",
    "cosmos-db-mongo", "databricks", "document-ai", "dynamodb", "forecast", "hugging-face",
    "mistral", "openai", "pinecone", "s3", "sagemaker", "self-hosted", "together", "vertex-ai",
}  # fmt: skip
KINDS = {
    "aws": {"interface_endpoint", "gateway_endpoint"},
    "google": {"private_access"},
    "azure": {"private_link"},
}
REGIONS = {"aws": "eu-central-1", "google": "us-east4", "azure": "eastus"}


def entries() -> Iterator[CatalogueEntry]:
    yield from map(catalogue.entry, NAMES)


def values(entry: CatalogueEntry) -> dict[str, str]:
    """A value for each variable."""
    return {name: "8443" if name == "port" else f"{name}-a.example" for name in entry.variables}


def test_the_names_are_sorted_and_hold_what_was_promised() -> None:
    assert list(NAMES) == sorted(NAMES)
    assert set(NAMES) >= REQUIRED
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_what_it_is_and_where_its_facts_come_from(name: str) -> None:
    entry = catalogue.entry(name)
    assert entry.name == name
    assert entry.title != name
    assert entry.regions
    assert entry.sources
    assert date.fromisoformat(entry.date or "") <= date.today()  # noqa: DTZ011


@pytest.mark.parametrize("name", NAMES)
def test_the_hosts_of_an_entry_are_names(name: str) -> None:
    entry = catalogue.entry(name)
    for host in entry.hosts_for(REGIONS.get(entry.home or "", "region-1"), values(entry)):
        assert hostname_fault(host.removeprefix("*.")) is None


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_with_a_region_has_a_home_whose_regions_are_meant(name: str) -> None:
    entry = catalogue.entry(name)
    assert entry.home or not entry.needs_region


@pytest.mark.parametrize("name", NAMES)
def test_the_private_endpoints_of_an_entry_are_those_of_its_home(name: str) -> None:
    entry = catalogue.entry(name)
    allowed = KINDS.get(entry.home or "", set())
    assert {each.kind for each in entry.private} <= allowed
    for each in entry.private_for(REGIONS.get(entry.home or ""), values(entry)):
        assert "{" not in f"{each.service} {each.zone} {each.hosts}"
        assert (each.zone is not None) == (each.kind == "private_link")
        assert (each.resource_type is not None) == (each.kind == "private_link")


def test_no_host_is_in_two_entries() -> None:
    hosts = [host for entry in entries() for host in entry.hosts if not host.startswith("{")]
    variables = re.compile(r"\{[a-z_]+\}")
    plain = [variables.sub("x", host) for host in hosts]
    assert len(plain) == len(set(plain))


def test_every_home_is_a_cloud_elsewhere() -> None:
    schema = load_schema("catalogue")["$defs"]["entry"]["properties"]["home"]
    elsewhere = {cloud for cloud in CLOUDS if not facts_of(cloud).on_this_machine}
    assert set(schema["enum"]) == elsewhere
    assert {entry.home for entry in entries()} == {*elsewhere, None}


@pytest.fixture(scope="module")
def boto() -> Any:
    """A session of AWS's own client library, which keeps what it has read."""
    return botocore.session.get_session()


@pytest.mark.parametrize(
    ("client", "name", "region"),
    [
        ("s3", "s3", "us-east-1"),
        ("bedrock", "bedrock", REGIONS["aws"]),
        ("bedrock-runtime", "bedrock", REGIONS["aws"]),
        ("bedrock-agent", "bedrock", REGIONS["aws"]),
        ("bedrock-agent-runtime", "bedrock", REGIONS["aws"]),
        ("sagemaker", "sagemaker", REGIONS["aws"]),
        ("sagemaker-runtime", "sagemaker", REGIONS["aws"]),
        ("sagemaker-featurestore-runtime", "sagemaker", REGIONS["aws"]),
        ("sagemaker-metrics", "sagemaker", REGIONS["aws"]),
        ("forecast", "forecast", REGIONS["aws"]),
        ("forecastquery", "forecast", REGIONS["aws"]),
        ("comprehend", "comprehend", REGIONS["aws"]),
        ("s3", "s3", REGIONS["aws"]),
        ("dynamodb", "dynamodb", REGIONS["aws"]),
        ("dynamodbstreams", "dynamodb", REGIONS["aws"]),
    ],
)
def test_the_hosts_are_those_that_the_vendor_s_own_client_calls(
    client: str, name: str, region: str, boto: Any
) -> None:
    made = boto.create_client(
        client, region_name=region, aws_access_key_id="a", aws_secret_access_key="b"
    )
    host = made.meta.endpoint_url.removeprefix("https://")
    assert host in catalogue.entry(name).hosts_for(region, {})
    assert made.meta.service_model.metadata["auth"][0] == "aws.auth#sigv4"
    assert catalogue.entry(name).signs_host


def test_a_service_that_takes_no_new_customers_says_so() -> None:
    assert [entry.name for entry in entries() if entry.closed] == ["forecast"]


def test_a_database_has_its_port_and_needs_one_of_its_own() -> None:
    alloydb, mongo = catalogue.entry("alloydb"), catalogue.entry("cosmos-db-mongo")
    assert (alloydb.port, alloydb.protocol) == (5432, "tcp")
    assert (mongo.port, mongo.protocol) == (10255, "tls")


def test_self_hosted_inference_takes_host_and_port_from_the_topology() -> None:
    entry = catalogue.entry("self-hosted")
    given = {"host": "llm.example.com", "port": "8443"}
    assert entry.hosts_for(None, given) == ("llm.example.com",)
    assert entry.port_for(given) == 8443


def test_an_entry_is_read_once() -> None:
    assert catalogue.entry("openai") is catalogue.entry("openai")


def test_an_unknown_service_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as caught:
        catalogue.entry("vertexai")
    assert str(caught.value) == "the catalogue has no service 'vertexai'; did you mean vertex-ai?"


def test_an_unknown_service_like_no_other_names_them_all() -> None:
    with pytest.raises(ConfigurationError, match=r"choose from: ai-search, .*, vertex-ai$"):
        catalogue.entry("../../etc/passwd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hosts: [a.example]\n", "own.yaml:1:1: catalogue: the key authentication is missing"),
        ("hosts: [A]\nauthentication: [none]\n", 'own.yaml:1:9: hosts[0]: "A" does not fit'),
        ("hosts: [a.*.b]\nauthentication: [none]\n", "hosts[0]: "),
        ("hosts: [a]\nauthentication: [sigv3]\n", "did you mean sigv4?"),
        ("hosts: [a]\nauthentication: [none]\nhosts: [b]\n", "own.yaml:3:1: hosts: the key"),
        ("hosts: [a]\nauthentication: [none]\nprot: tcp\n", "own.yaml:3:1: prot: the key"),
        ('hosts: ["{a}"]\nauthentication: [none]\n', "own.yaml:1:9: hosts[0]: the variable {a}"),
        ("[]\n", "a list stands where a mapping belongs"),
        ("a: [\n", "own.yaml:"),
    ],
)
def test_mistakes_in_a_file_are_named_with_their_places(
    text: str, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(FindingsError) as caught:
        catalogue.read_entry(file)
    assert expected in str(caught.value)


def test_importing_the_catalogue_reads_no_entry() -> None:
    code = (
        "import sys; from pathlib import Path; from trunkline.services import catalogue\n"
        "Path.read_bytes = None; assert len(catalogue.names()) > 20"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
