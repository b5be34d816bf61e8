"""What stands before the edges, by the ingress that a topology names."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline import bindings
from trunkline.errors import ConfigurationError
from trunkline.model import Ingress, Topology
from trunkline.topology import load

LOCAL = load(ROOT / "topologies" / "local.yaml")
THREE = load(ROOT / "topologies" / "three-clouds.yaml")


@pytest.fixture(autouse=True)
def lazy_bindings() -> None:
    """Import no more of a binding than is used, which saves half a minute."""
    bindings.install()


@pytest.fixture
def scope() -> Any:
    """A stack to which an ingress adds its resources."""
    from cdktf import App, TerraformStack

    return TerraformStack(App(), "stack")


def test_every_ingress_has_a_builder() -> None:
    from trunkline.ingress import BUILDERS

    assert set(BUILDERS) == set(get_args(Ingress))


@pytest.mark.parametrize("topology", [LOCAL, THREE], ids=lambda topology: topology.name)
def test_a_builder_knows_its_own_kind_of_ingress(topology: Topology) -> None:
    from trunkline.ingress import ingress_of

    assert ingress_of(topology).ingress is topology.ingress


def test_an_ingress_whose_binding_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trunkline.ingress import ingress_of

    def missing(name: str) -> object:
        raise ModuleNotFoundError(name="cdktf_cdktf_provider_cloudflare")

    monkeypatch.setattr("trunkline.ingress.import_module", missing)
    with pytest.raises(ConfigurationError, match=r"pip install 'trunkline\[cloudflare\]'"):
        ingress_of(THREE)


def test_this_machine_refuses_a_strategy_that_workerd_cannot_run(scope: Any) -> None:
    from trunkline.ingress import ingress_of

    routes = tuple(evolve(route, failover=()) for route in LOCAL.routing.routes)
    routing = evolve(LOCAL.routing, strategy="origin_rules", routes=routes)
    with pytest.raises(ConfigurationError, match="origin_rules needs Cloudflare: use worker"):
        ingress_of(evolve(LOCAL, routing=routing)).add_routing(scope)


@pytest.mark.parametrize(
    ("said", "bought", "setting"),
    [
        (None, True, ["on"]),
        (None, False, []),
        (True, False, ["on"]),
        (False, True, ["off"]),
        (False, False, []),
    ],
)
def test_smart_routing_is_on_wherever_it_is_bought_or_asked_for(
    said: bool | None, bought: bool, setting: list[str], scope: Any
) -> None:
    from cdktf import Testing

    from trunkline.ingress import ingress_of
    from trunkline.model import Cloudflare

    ingress = Cloudflare(
        account_id="0123456789abcdef0123456789abcdef", add_ons=("smart_routing",) if bought else ()
    )
    routing = evolve(THREE.routing, smart_routing=said)
    ingress_of(evolve(THREE, ingress=ingress, routing=routing)).add_routing(scope)
    stack = json.loads(Testing.synth(scope))
    made = stack["resource"].get("cloudflare_argo_smart_routing", {})
    # A variable, for `trunkline bench` to vary; its default is what the topology says.
    assert [each["value"] for each in made.values()] == ["${var.smart_routing}" for _ in setting]
    said_so = stack.get("variable", {}).get("smart_routing", {}).get("default")
    assert [said_so] * len(made) == setting


def test_a_destination_of_logpush_is_a_sensitive_variable_that_has_to_be_given(scope: Any) -> None:
    from cdktf import Testing

    from trunkline.ingress import ingress_of
    from trunkline.model import Cloudflare

    ingress = Cloudflare(account_id="0123456789abcdef0123456789abcdef", plan="enterprise")
    routing = evolve(THREE.routing, logpush=True)
    ingress_of(evolve(THREE, ingress=ingress, routing=routing)).add_routing(scope)
    stack = json.loads(Testing.synth(scope))
    [job] = stack["resource"]["cloudflare_logpush_job"].values()
    assert job["destination_conf"] == "${var.logpush_destination}"
    destination = stack["variable"]["logpush_destination"]
    assert destination["sensitive"] is True
    [validation] = destination["validation"]
    assert "Set TF_VAR_logpush_destination to it." in validation["error_message"]
    assert stack["variable"]["logpush_ownership_challenge"]["sensitive"] is True
