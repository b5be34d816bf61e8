"""Which stacks a topology becomes, and what each needs."""

from __future__ import annotations

from attrs import evolve
from support.examples import ROOT

from trunkline.model import ControlPlane, Edge, Otlp, Telemetry
from trunkline.stacks.specs import stack_specs
from trunkline.topology import load

THREE = load(ROOT / "topologies" / "three-clouds.yaml")
LOCAL = load(ROOT / "topologies" / "local.yaml")
PUBLIC = load(ROOT / "topologies" / "two-accounts.yaml")


def test_each_site_has_probes_and_an_edge_and_one_routing_stands_before_all() -> None:
    assert [stack.name for stack in stack_specs(THREE)] == [
        "zones-aws",
        "probes-aws",
        "edge-aws",
        "probes-google",
        "edge-google",
        "zones-azure",
        "probes-azure",
        "edge-azure",
        "routing",
    ]


def test_routing_that_names_tunnels_comes_after_the_edges_that_make_them() -> None:
    balanced = load(ROOT / "tests" / "golden" / "topologies" / "load-balancer.yaml")
    [routing] = [stack for stack in stack_specs(balanced) if stack.kind == "routing"]
    assert routing.after == tuple(f"edge-{site.name}" for site in balanced.sites)
    assert [stack.after for stack in stack_specs(THREE) if stack.kind == "routing"] == [()]


def test_reading_physical_zones_needs_the_account_alone() -> None:
    needs = {stack.name: stack.needs for stack in stack_specs(THREE)}
    assert needs["zones-aws"] == ("AWS account 123456789012",)
    assert needs["zones-azure"] == ("Azure subscription 00000000-0000-4000-8000-000000000000",)
    assert "zones-google" not in needs


def test_this_machine_has_no_zones_to_ask_for() -> None:
    assert not [stack for stack in stack_specs(LOCAL) if stack.kind == "zones"]


def test_without_probes_all_else_is_left() -> None:
    names = [stack.name for stack in stack_specs(evolve(THREE, probes=None))]
    assert names == ["zones-aws", "edge-aws", "edge-google", "zones-azure", "edge-azure", "routing"]


def test_a_stack_needs_its_own_account_only() -> None:
    needs = {stack.name: stack.needs for stack in stack_specs(THREE)}
    assert needs["probes-google"] == (
        "Google project acme-backbone",
        "CLOUDFLARE_API_TOKEN",
        "zone example.com",
        "TF_VAR_probe_key",
    )
    assert needs["edge-aws"] == (
        "AWS account 123456789012",
        "CLOUDFLARE_API_TOKEN",
        "zone example.com",
        "TF_VAR_edge_key",
    )
    assert needs["routing"] == ("CLOUDFLARE_API_TOKEN", "zone example.com", "TF_VAR_edge_key")


def test_a_zone_that_is_created_comes_before_the_edges_that_look_it_up() -> None:
    needs = {stack.name: stack.needs for stack in stack_specs(PUBLIC)}
    assert "the routing stack applied: it creates the zone" in needs["edge-shop"]
    assert needs["routing"] == ("CLOUDFLARE_API_TOKEN", "TF_VAR_edge_key")


def test_an_edge_that_shows_a_collector_who_it_is_needs_that_secret() -> None:
    otlp = Otlp(endpoint="https://otel.example.com:4317", header="x-api-key")
    shown = evolve(THREE, telemetry=Telemetry(otlp=otlp))
    needs = {stack.name: stack.needs for stack in stack_specs(shown)}
    assert "TF_VAR_otlp_header" in needs["edge-aws"]
    assert "TF_VAR_otlp_header" not in needs["routing"]


def test_an_edge_that_shows_a_control_plane_who_it_is_needs_those_secrets() -> None:
    plane = ControlPlane(
        xds="https://xds.example.com:15012", client_certificate=True, header="authorization"
    )
    needs = {s.name: s.needs for s in stack_specs(evolve(THREE, edge=Edge(control_plane=plane)))}
    secrets = {"TF_VAR_control_plane_certificate", "TF_VAR_control_plane_header"}
    assert secrets <= {*needs["edge-google"]}
    assert not secrets & {*needs["routing"]}


def test_a_local_topology_needs_this_machine_and_the_key_of_the_probes() -> None:
    needs = {stack.name: stack.needs for stack in stack_specs(LOCAL)}
    assert needs["edge-google"] == needs["routing"] == ("this machine",)
    assert needs["probes-aws"] == ("this machine", "TF_VAR_probe_key")


def test_public_edges_in_an_existing_zone_need_its_ssl_mode() -> None:
    public = evolve(THREE, edge=Edge(exposure="public"))
    assert "the zone's SSL mode Full" in stack_specs(public)[-1].needs
