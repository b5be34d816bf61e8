"""Cloudflare Mesh as a backbone: what stacks have, what machines are told, what is done by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.command import trunkline
from support.examples import ROOT
from support.nodes import loaded
from support.stacks import synthesized

from trunkline.backbone import driver_of
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_VERSIONS, Versions
from trunkline.payload.units import Warp
from trunkline.stacks.specs import stack_specs

FILE = ROOT / "tests" / "golden" / "topologies" / "warp.yaml"
ACCOUNT = "0123456789abcdef0123456789abcdef"


def stack(topology: Any, name: str) -> dict[str, Any]:
    """The JSON of the edge's stack of a site, or of routing."""
    from cdktf import App, Testing

    from trunkline.stacks.app import CONTEXT
    from trunkline.stacks.edge import EdgeStack
    from trunkline.stacks.routing import RoutingStack

    app = App(context=CONTEXT)
    if name == "routing":
        return dict(json.loads(Testing.synth(RoutingStack(app, topology))))
    return dict(json.loads(Testing.synth(EdgeStack(app, topology, topology.site(name)))))


def of_type(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(made["resource"].get(f"cloudflare_zero_trust_{kind}", {}).values())


def test_each_edge_has_a_connector_with_a_route_to_its_own_address() -> None:
    made = stack(loaded(FILE), "aws")
    names = [each["name"] for each in of_type(made, "tunnel_warp_connector")]
    assert names == ["warp-edge-aws-1", "warp-edge-aws-2"]
    routes = [each["network"] for each in of_type(made, "tunnel_cloudflared_route")]
    assert routes == ["10.254.0.1/32", "10.254.0.2/32"]


def test_the_token_of_each_connector_goes_into_one_secret_and_is_sensitive() -> None:
    made = stack(loaded(FILE), "aws")
    parameters = made["resource"]["aws_ssm_parameter"].values()
    items = [each for each in parameters if "backbone-key" in each["name"]]
    values = [each["value"] for each in items]
    assert len(values) == 2
    assert all(value.startswith("${sensitive(data.cloudflare_zero_trust") for value in values)
    shown = {name: part for name, part in made.items() if name in ("output", "variable")}
    assert "warp_connector_token" not in json.dumps(shown)


def test_another_token_replaces_the_machine() -> None:
    made = stack(loaded(FILE), "aws")
    inputs = [each["input"] for each in made["resource"]["terraform_data"].values()]
    assert all("warp_connector_token" in each["1"] for each in inputs)
    assert inputs[0]["1"] != inputs[1]["1"]


def test_one_profile_leads_the_overlay_and_nothing_else_through_cloudflare() -> None:
    made = stack(loaded(FILE), "routing")
    [profile] = of_type(made, "device_custom_profile")
    assert profile["match"] == 'identity.email == "warp_connector@acme.cloudflareaccess.com"'
    assert [each["address"] for each in profile["include"]] == ["100.96.0.0/12", "10.254.0.0/24"]
    assert "exclude" not in profile
    assert (profile["tunnel_protocol"], profile["service_mode_v2"]) == ("masque", {"mode": "warp"})
    assert profile["precedence"] == 50


def test_names_of_clouds_tunnels_and_upstreams_are_asked_of_each_network() -> None:
    from trunkline.model import Upstream

    topology = loaded(FILE)
    upstreams = {
        "own": Upstream.from_url("http://orders.corp"),
        "by-address": Upstream.from_url("http://10.10.0.9"),
    }
    sites = (evolve(topology.sites[0], upstreams=upstreams), *topology.sites[1:])
    made = stack(evolve(topology, sites=sites), "routing")
    [fallback] = of_type(made, "device_custom_profile_local_domain_fallback")
    assert [each["suffix"] for each in fallback["domains"]] == [
        "amazonaws.com",
        "argotunnel.com",
        "azure.com",
        "azure.net",
        "azuredatabricks.net",
        "azureml.ms",
        "googleapis.com",
        "internal",
        "internal.cloudapp.net",
        "local",
        "orders.corp",
        "windows.net",
    ]


def test_other_kinds_have_nothing_of_it() -> None:
    other = loaded(ROOT / "tests" / "golden" / "topologies" / "tailscale.yaml")
    for name in ("aws", "routing"):
        text = json.dumps(stack(other, name))
        assert "warp_connector" not in text and "device_custom_profile" not in text


def test_stacks_need_nothing_beside_the_tokens_of_the_clouds() -> None:
    needs = {spec.name: spec.needs for spec in stack_specs(loaded(FILE))}
    assert not any("backbone" in each for each in needs["edge-aws"])


def test_no_port_is_open_and_the_way_out_leads_to_cloudflare_alone() -> None:
    assert Warp().firewall.ingress == ()
    [rule] = Warp().firewall.egress
    assert (rule.protocol, rule.port, rule.cidrs) == ("udp", 443, ("162.159.197.0/24",))


def test_its_version_is_that_of_the_edges() -> None:
    unit = driver_of("warp").unit(Versions(warp="2026.8.1.0"))
    assert unit.package
    assert unit.package.requirement.startswith("cloudflare-warp=2026.8.1.0,cloudflare-warp.asc,")
    assert unit.package.fingerprints == DEFAULT_VERSIONS.signing_keys.warp


def test_edges_take_what_comes_from_cloudflares_addresses_of_nodes() -> None:
    from trunkline.stacks.edge_services import edge_services

    topology = loaded(FILE)
    made = edge_services(topology, topology.site("google"))
    assert made
    assert made.callers == ("10.254.0.0/24", "100.96.0.0/12")


def test_it_does_not_run_on_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="without a backbone"):
        Warp().local("127.10.0.0/16", "us-east-1a")


def test_keys_makes_none_and_prints_what_to_click(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(FILE.read_bytes())
    done = trunkline("keys", file, "--file", tmp_path / "keys.env")
    assert done.returncode == 0
    assert "Cloudflare makes a token for each edge" in done.stdout
    assert "For the team acme" in done.stdout
    assert "Allow all Cloudflare One traffic to reach enrolled devices" in done.stdout
    nodes = (tmp_path / "topology.nodes.yaml").read_text()
    assert "address: 10.254.0.4" in nodes and "public_key" not in nodes
    assert "backbone" not in (tmp_path / "keys.env").read_text()


def test_its_keys_are_not_rotated_by_us(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(FILE.read_bytes())
    done = trunkline("keys", file, "--file", tmp_path / "keys.env", "--rotate", "backbone")
    assert done.returncode == 2
    assert "there is no key to rotate" in done.stderr


def test_a_stack_without_addresses_says_what_to_run() -> None:
    from trunkline.topology import load

    with pytest.raises(ConfigurationError, match="no addresses yet for the edges of aws"):
        stack(load(FILE), "aws")


def test_its_kind_can_be_had_by_a_topology_that_has_no_team_yet(tmp_path: Path) -> None:
    from trunkline.topology.kinds import choice_of

    other = tmp_path / "topology.yaml"
    text = FILE.read_text().replace("  team: acme\n", "").replace("  precedence: 50\n", "")
    other.write_text(text.replace("kind: warp", "kind: tailscale\n  auth_key_version: 2"))
    for file in (other, FILE):
        found = choice_of(file, ["warp", "wireguard", "tailscale", "zerotier"]).refusals
        assert set(found.values()) == {()}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"team": "Acme Inc"}, 'MeshProfile mesh: team: "Acme Inc" does not fit'),
        ({"account_id": "acme"}, "MeshProfile mesh: account_id"),
    ],
)
def test_a_profile_is_checked_like_that_of_a_topology(options: Any, sentence: str) -> None:
    def make(scope: Any) -> None:
        from trunkline import MeshProfile

        MeshProfile(scope, "mesh", **{"account_id": ACCOUNT, "team": "acme", **options})

    with pytest.raises(ConfigurationError) as error:
        synthesized(make)
    assert str(error.value).startswith(sentence)
