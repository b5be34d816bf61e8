"""What Terraform is told about machines on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.examples import ROOT, Synthesized

from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load

LOCAL = (ROOT / "topologies" / "local.yaml").read_text()


def stack(folder: Path, name: str, text: str | None = None) -> dict[str, Any]:
    """One synthesized stack of topologies/local.yaml, or of a text in its place."""
    if text is not None:
        folder.mkdir(exist_ok=True)
        (folder / "topology.yaml").write_text(text)
        synthesize(load(folder / "topology.yaml"), folder / "out")
        folder = folder / "out"
    content: dict[str, Any] = json.loads((folder / "stacks" / name / "cdk.tf.json").read_text())
    return content


@pytest.fixture
def local(synthesized: Synthesized) -> Path:
    """The output of topologies/local.yaml."""
    return synthesized(ROOT / "topologies" / "local.yaml")


def machines(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each machine runs, by its name."""
    told = [
        json.loads(text.replace("$${", "${").replace("%%{", "%{"))
        for text in stack["locals"].values()
    ]
    return {machine["name"]: machine for machine in told}


def triggers(stack: dict[str, Any]) -> dict[str, list[str]]:
    resources = stack["resource"]["terraform_data"]
    return {name: resource["triggers_replace"] for name, resource in resources.items()}


def test_an_edge_runs_the_configuration_of_a_clouds_edge(local: Path) -> None:
    edge = machines(stack(local, "edge-aws"))["local-edge-aws"]
    [envoy] = edge["processes"]
    config = json.loads(envoy["files"]["envoy.json"])
    listener = config["static_resources"]["listeners"][0]
    assert listener["address"]["socket_address"] == {"address": "127.10.0.1", "port_value": 8080}
    assert config["overload_manager"] and config["node"]["locality"] == {"zone": "us-east-1a"}
    assert "--disable-hot-restart" in envoy["arguments"]


def test_an_edge_takes_changes_while_it_runs_and_ends_before_its_sample(local: Path) -> None:
    resources = stack(local, "edge-aws")["resource"]["terraform_data"]
    [sample] = [name for name in resources if "sample" in name]
    [edge] = [each for name, each in resources.items() if name != sample]
    assert edge["lifecycle"] == {"create_before_destroy": True}
    assert edge["depends_on"] == [f"terraform_data.{sample}"]
    [ingress] = stack(local, "routing")["resource"]["terraform_data"].values()
    assert "lifecycle" not in ingress


def test_a_site_without_an_upstream_gets_a_sample(local: Path, tmp_path: Path) -> None:
    with_sample = machines(stack(local, "edge-google"))
    assert with_sample["local-edge-google-sample"]["addresses"] == ["tcp 127.20.0.1:9000"]
    own = LOCAL.replace(
        "      cidr: 127.20.0.0/16\n",
        "      cidr: 127.20.0.0/16\n    upstream: http://127.0.0.1:3000\n",
    )
    assert "local-edge-google-sample" not in machines(stack(tmp_path, "edge-google", own))


def test_a_change_replaces_what_it_changes_and_nothing_else(local: Path, tmp_path: Path) -> None:
    moved = LOCAL.replace("zone: us-east4-a", "zone: us-east4-b")
    stack(tmp_path, "routing", moved)
    for name, changed in (
        ("edge-google", 3),
        ("edge-aws", 1),  # which asks google's for a service
        ("edge-azure", 0),
        ("probes-google", 0),
        ("routing", 1),
    ):
        before, after = triggers(stack(local, name)), triggers(stack(tmp_path / "out", name))
        assert sum(before[key] != after[key] for key in before) == changed, name


def test_the_key_of_the_probes_lies_in_no_file_and_a_new_one_starts_them_again(
    local: Path,
) -> None:
    probes = stack(local, "probes-azure")
    assert probes["variable"]["probe_key"]["sensitive"] is True
    for name, reasons in triggers(probes).items():
        if "machine" in name:
            assert reasons[1] == "${nonsensitive(sha256(var.probe_key))}"
    agent = machines(probes)["local-probe-azure-eastus-1"]["processes"][0]
    config = json.loads(agent["files"]["probe.json"])
    assert config["key_file"] == "../../secrets/local-probe-azure-key"


def test_the_ingress_is_the_worker_that_cloudflare_gets(local: Path) -> None:
    [workerd] = machines(stack(local, "routing"))["local-ingress"]["processes"]
    worker = ROOT / "constructs" / "trunkline" / "routing" / "worker.js"
    assert workerd["files"]["worker.js"] == worker.read_text()
    assert "http://127.10.0.1:8080" in workerd["files"]["workerd.capnp"]


def test_an_existing_network_is_refused_with_what_to_write() -> None:
    from cdktf import App, TerraformStack

    from trunkline import ConfigurationError, EdgeProxy, ExistingNetwork, Site
    from trunkline.patterns.exposures import Loopback

    site = Site(name="a", cloud="local", region="r", zone="z1", network=ExistingNetwork(name="n"))
    scope = TerraformStack(App(), "stack")
    with pytest.raises(ConfigurationError, match=r"NewNetwork\(cidr='127\.10\.0\.0/16'\)"):
        EdgeProxy(scope, "edge", site=site, exposure=Loopback())


def test_samples_stand_in_for_services_in_their_sites(local: Path) -> None:
    told = machines(stack(local, "edge-google"))
    stand_in = told["local-edge-google-services"]
    assert stand_in["addresses"] == ["tcp 127.20.0.1:9443"]
    [process] = stand_in["processes"]
    names = json.loads(process["files"]["services.json"])["names"]
    assert "us-east4-aiplatform.googleapis.com" in names
    edge = told["local-edge-google"]
    assert {"tcp 127.20.0.1:8443", "tcp 127.20.0.1:8444"} < {*edge["addresses"]}
    used = machines(stack(local, "edge-aws"))["local-edge-aws"]
    assert {"tcp 127.10.0.1:10443", "tcp 127.10.0.1:10080"} < {*used["addresses"]}
    assert "local-edge-aws-services" not in machines(stack(local, "edge-aws"))


def test_an_edge_asks_the_stand_in_for_a_service_as_it_would_ask_the_service(local: Path) -> None:
    edge = machines(stack(local, "edge-azure"))["local-edge-azure"]
    config = json.loads(edge["processes"][0]["files"]["envoy.json"])
    clusters = {each["name"]: each for each in config["static_resources"]["clusters"]}
    made = clusters["service-anthropic"]
    [endpoint] = made["load_assignment"]["endpoints"][0]["lb_endpoints"]
    place = {"address": "127.30.0.1", "port_value": 9443}
    assert endpoint["endpoint"]["address"]["socket_address"] == place
    assert endpoint["endpoint"]["hostname"] == "api.anthropic.com"
    tls = made["transport_socket"]["typed_config"]
    assert tls["sni"] == "api.anthropic.com"
    authority = tls["common_tls_context"]["validation_context"]["trusted_ca"]
    assert authority == {"filename": "../local-edge-azure-services/authority.pem"}


def test_an_edge_starts_again_with_a_new_authority(local: Path) -> None:
    resources = stack(local, "edge-azure")["resource"]["terraform_data"]
    [services] = [name for name in resources if "services" in name]
    [edge] = [each for each in resources.values() if "lifecycle" in each]
    assert f"${{terraform_data.{services}.id}}" in edge["triggers_replace"]


def test_a_service_with_an_address_is_reached_itself(tmp_path: Path) -> None:
    own = LOCAL.replace(
        "  vertex-ai:\n    from: google\n    in: [aws]\n    region: us-east4 # part of its name\n",
        "  ollama:\n    {from: google, in: [aws], mode: originate, protocol: http, port: 11434,\n"
        "     hosts: [127.0.0.1], name: ollama.internal}\n",
    )
    told = machines(stack(tmp_path, "edge-google", own))
    assert "local-edge-google-services" not in told
    assert "11434" in told["local-edge-google"]["processes"][0]["files"]["envoy.json"]


def test_a_service_without_tls_has_a_stand_in_without(tmp_path: Path) -> None:
    own = LOCAL.replace(
        "  vertex-ai:\n    from: google\n    in: [aws]\n    region: us-east4 # part of its name\n",
        "  own:\n    {from: google, in: [aws], mode: originate, protocol: http, port: 8000,\n"
        "     hosts: [models.example.com], name: own.internal}\n",
    )
    [process] = machines(stack(tmp_path, "edge-google", own))["local-edge-google-services"][
        "processes"
    ]
    assert (process["name"], process["ready"]) == ("plain", "http://127.20.0.1:9080/healthz")
