"""Private names: who asks from inside a network gets the edges, and nobody else does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.terraform import names_app
from contract.terraform.names_app import ADDRESSES
from contract.terraform.test_private_names import stack
from doubles.providers.double import listening
from doubles.providers.effects import Effects, State
from doubles.providers.plugin_mirror import schema_files
from doubles.providers.terraform_runner import TerraformError, TerraformRunner
from support.needs import needs

from rehearsal.applications import Application, application
from rehearsal.clouds import BY_CLOUD
from rehearsal.names import in_network, with_hosts, with_private
from rehearsal.networks import Networks, networks
from rehearsal.private_names import PrivateZone, private_addresses
from rehearsal.terraform import environment
from rehearsal.world import World

CLOUDS = tuple(names_app.SITES)
APPLE = PrivateZone("1", "apple.com", frozenset({"vpc"}), {"apple.com": ("10.0.0.4",)})
NARROW = PrivateZone("2", "a.apple.com", frozenset({"vpc"}), {"*.a.apple.com": ("10.0.0.5",)})


@pytest.mark.parametrize(
    ("network", "host", "addresses"),
    [
        ("vpc", "apple.com", ("10.0.0.4",)),
        ("vpc", "www.apple.com", ()),
        ("vpc", "x.y.a.apple.com", ("10.0.0.5",)),
        ("vpc", "a.apple.com", ()),
        ("vpc", "pineapple.com", None),
        ("another", "apple.com", None),
    ],
    ids=["its name", "hidden", "the narrowest", "above a wildcard", "another name", "elsewhere"],
)
def test_the_narrowest_zone_answers_for_all_below_it(
    network: str, host: str, addresses: tuple[str, ...] | None
) -> None:
    assert private_addresses([APPLE, NARROW], network, host) == addresses


def test_a_private_zone_comes_before_the_vendors_and_the_public_dns() -> None:
    hosts = with_hosts({"apple.com": "10.0.0.1", "pear.com": "10.0.0.1"}, lambda _: ("198.18.0.1",))
    names = with_private(lambda host: private_addresses([APPLE], "vpc", host), hosts)
    assert names("apple.com") == ("10.0.0.4",)
    assert names("www.apple.com") == ()
    assert names("pear.com") == ("10.0.0.1",)
    assert names("plum.com") == ("198.18.0.1",)


class OneCloud(Effects):
    """A cloud without machines, in which resources are what the sky makes of them."""

    def __init__(self, cloud: str) -> None:
        self.world = World()
        self._sky = BY_CLOUD[cloud]

    def refusal(self, type_name: str, prior: State | None, planned: State | None) -> str | None:
        made = planned if prior is None else None
        if made is not None and (why := self._sky.route_refused(self.world, type_name, made)):
            return why
        return self._sky.zone_refused(self.world, type_name, prior, planned)

    def settle(self, type_name: str, planned: State) -> State:
        return self._sky.settle(self.world, type_name, planned)

    def follow(self, type_name: str, prior: State | None, state: State | None) -> None:
        if prior is not None and state is None:
            self.world.drop(type_name, prior)
        if state is not None:
            self.world.put(type_name, state)

    def answer(self, type_name: str, config: State, provider: State) -> dict[str, Any]:
        found = self._sky.answer(self.world, type_name, config)
        return super().answer(type_name, config, provider) if found is None else dict(found)


@contextlib.contextmanager
def running(cloud: str, network: str, folder: Path) -> Iterator[tuple[OneCloud, TerraformRunner]]:
    """The stack of a cloud's names, initialized."""
    effects = OneCloud(cloud)
    existing = names_app.EXISTING[cloud]
    for type_name, state in BY_CLOUD[cloud].network(names_app.SITES[cloud], existing):
        effects.world.put_before(type_name, state)
    with listening(schema_files(), effects) as addresses:
        env = environment(folder, addresses)
        run = TerraformRunner(stack(cloud, network, folder / "out"), folder / "work", env)
        run.init()
        yield effects, run


def network_names(cloud: str, world: World) -> list[str]:
    """The networks of a world, as machines are plugged into them."""
    if cloud == "azure":
        made = world.all("azurerm_virtual_network")
        return [f"{each['resource_group_name']}/{each['name']}" for each in made]
    kind = {"aws": "aws_vpc", "google": "google_compute_network"}[cloud]
    return [str(each["id"]) for each in world.all(kind)]


@pytest.mark.slow
@needs("terraform")
@pytest.mark.parametrize("network", ["new", "existing"])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_network_of_a_stack_gets_its_names_and_no_other_network_does(
    cloud: str, network: str, tmp_path: Path
) -> None:
    with running(cloud, network, tmp_path) as (effects, run):
        run.apply()
        found = network_names(cloud, effects.world)
        mine = found[0] if network == "new" else found[-1]
        names = in_network(effects.world, BY_CLOUD[cloud], mine)
        for host in ("api.example.com", "example.net", "one.two.example.net"):
            assert sorted(names(host) or ()) == sorted(ADDRESSES), host
        assert names("www.example.com") is None
        assert names("below.api.example.com") == ()
        for other in {*found, "another"} - {mine}:
            elsewhere = in_network(effects.world, BY_CLOUD[cloud], other)
            assert elsewhere("api.example.com") is None
        run.assert_plan_is_empty()
        run.destroy()
        assert names("api.example.com") is None


@pytest.mark.slow
@needs("terraform")
@pytest.mark.parametrize(
    ("cloud", "words"),
    [
        ("aws", "ConflictingDomainExists"),
        ("google", "already"),
        ("azure", "multiple zones with overlapping"),
    ],
    ids=CLOUDS,
)
def test_a_network_takes_no_second_zone_of_a_name(cloud: str, words: str, tmp_path: Path) -> None:
    with running(cloud, "existing", tmp_path) as (_, run):
        run.apply()
        other = TerraformRunner(tmp_path / "out" / "stacks" / f"names-{cloud}", tmp_path / "2", {})
        other._env = {**run._env, "HOME": str(tmp_path / "2")}
        other.init()
        with pytest.raises(TerraformError, match=words):
            other.apply()


@contextlib.contextmanager
def asker(
    where: Networks, world: World, network: str, address: str, folder: Path
) -> Iterator[Application]:
    folder.mkdir()
    with application(
        BY_CLOUD["aws"],
        network,
        address,
        "10.10.0.0/20",
        world=world,
        networks=where,
        lookup=lambda name: ("198.18.0.9",) if name == "api.example.com" else None,
        folder=folder,
    ) as made:
        yield made


def asked(who: Application, host: str) -> set[str]:
    """The addresses that the C library finds for a name."""
    found = who.run("getent", "ahostsv4", host).stdout
    return {line.split()[0] for line in found.splitlines()}


@pytest.mark.slow
@needs("Linux", "root", "ip", "nft")
def test_an_application_in_the_network_finds_the_edges_by_the_api_s_own_name(
    tmp_path: Path,
) -> None:
    world = World()
    world.put("aws_route53_zone", {
        "id": "z", "zone_id": "z", "name": "api.example.com", "vpc": [{"vpc_id": "vpc"}],
    })  # fmt: skip
    world.put("aws_route53_record", {
        "id": "r", "zone_id": "z", "name": "api.example.com", "records": ["10.10.0.4", "10.10.0.5"],
    })  # fmt: skip
    with (
        networks() as where,
        asker(where, world, "vpc", "10.10.0.20", tmp_path / "in") as within,
        asker(where, world, "another", "10.10.0.20", tmp_path / "out") as without,
    ):
        assert asked(within, "api.example.com") == {"10.10.0.4", "10.10.0.5"}
        assert asked(without, "api.example.com") == {"198.18.0.9"}
        assert asked(within, "nobody.example.com") == set()
