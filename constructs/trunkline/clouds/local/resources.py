"""This machine as a cloud: a machine is a supervised group of processes on loopback.

Terraform itself starts and ends it, with the built-in resource `terraform_data` and the commands of
`trunkline.local`, so that nothing but Terraform and this package is needed, and no account.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import evolve
from cdktf import ITerraformDependable, TerraformLocal, TerraformResource
from constructs import Construct

from trunkline.addresses import loopback
from trunkline.addresses.local_services import stand_in_name
from trunkline.clouds.base import (
    TERRAFORM_DATA,
    Cloud,
    GroupSpec,
    Machine,
    MachineGroup,
    MachineSpec,
    Secret,
    SiteNetwork,
    fingerprint,
)
from trunkline.clouds.local.sample import (
    sample_machine,
    stand_in_machine,
    stood_in,
)
from trunkline.errors import ConfigurationError
from trunkline.local.machine import LocalMachine
from trunkline.model import (
    EdgeServices,
    ExistingNetwork,
    NewNetwork,
    Server,
    Site,
    Upstream,
    Upstreams,
)
from trunkline.payload import SecretSource
from trunkline.terraform.escape import escape

# From a stack's folder to beside cdktf.out, where `trunkline local status` looks.
STATE = "../../../.trunkline"

# The Python that starts machines: this one, unless the environment names another.
PYTHON = "TRUNKLINE_PYTHON"


class Local(Cloud):
    """Addresses of loopback, files that only you may read, and processes."""

    secret_bytes: ClassVar = 65_536

    def __init__(
        self, scope: Construct, *, site: Site, name: str, tags: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(scope, site=site, name=name, tags=tags)
        self._samples: list[TerraformResource] = []
        self._authority: TerraformResource | None = None

    @staticmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        """Terraform has what it needs built in."""

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork:
        raise loopback.existing_network_error(self.site)

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> SiteNetwork:
        """Loopback is there already; a zone's part of the range is its subnet."""
        return SiteNetwork(
            id=network.cidr,
            subnets={zone: loopback.zone_address(network.cidr, zone) for zone in zones},
        )

    @property
    def _range(self) -> str:
        return loopback.site_cidr(self.site)

    def upstreams(self) -> Upstreams:
        """The site's own, or a sample service beside the edge that says where it stands."""
        if self.site.upstream:
            return self.site.services
        endpoint = loopback.sample_endpoint(self._range, self.site.zone)
        machine = sample_machine(f"{self.name}-sample", endpoint, self._where)
        self._samples.append(add_machine(self.scope, "sample", machine))
        sample = Server(endpoint.host, endpoint.port, tls=False)
        return evolve(self.site, upstream=Upstream([sample])).services

    def services(self, services: EdgeServices, network: SiteNetwork) -> EdgeServices:
        """A sample stands in for each service that the edge reaches by a name."""
        names = [each.name for each in services.reached if each.reached_by_name]
        if not names:
            return services
        played = [each for each in services.reached if each.name in names]
        ends = {
            tls: loopback.stand_in_endpoint(self._range, self.site.zone, tls=tls)
            for tls in {each.tls for each in played}
        }
        machine = stand_in_machine(stand_in_name(self.name), ends, self._where, played)
        self._authority = add_machine(self.scope, "services", machine)
        self._samples.append(self._authority)
        reached = [
            stood_in(each, ends[each.tls], machine.name) if each.name in names else each
            for each in services.reached
        ]
        return evolve(services, reached=tuple(reached))

    @property
    def _where(self) -> dict[str, str]:
        """What samples answer."""
        return {"site": self.site.name, "cloud": self.site.cloud, "zone": self.site.zone}

    def secret(self, id: str, value: str, version: int | None = None) -> Secret:
        """Keep `value` in a file that only this user may read; a new value is a new resource."""
        path = f"secrets/{self.name}-{id}"
        changed = fingerprint(value) if version is None else str(version)
        resource = _terraform_data(self.scope, id, folder=f"{STATE}/{path}", triggers=[changed])
        _run(
            resource,
            create="write-secret",
            destroy="remove-secret",
            environment={"TRUNKLINE_SECRET": value},
        )
        source = SecretSource(script="", arguments=(f"../../{path}",))  # from a machine's folder
        return Secret(name=id, id=_id(resource), source=source, resource=resource)

    def _private_zone(
        self,
        id: str,
        zone: str,
        names: Sequence[str],
        addresses: Sequence[str],
        network: SiteNetwork,
    ) -> None:
        """None: only root could change the names of this machine."""

    def route(
        self, ranges: Mapping[str, str], machines: Mapping[str, Machine], network: SiteNetwork
    ) -> None:
        raise ConfigurationError("the networks of this machine are all on loopback already")

    def group(self, id: str, spec: GroupSpec, network: SiteNetwork) -> MachineGroup:
        made = LocalMachineGroup(self.scope, id, spec, network)
        made.depends_on += self._samples  # an edge that drains still needs them
        if self._authority:  # which Envoy reads when it starts
            made.replaced_with = (_id(self._authority),)
        return made


class LocalMachineGroup(MachineGroup):
    """Supervised groups of processes; they share nothing.

    `replaced_with` are expressions that replace them, beside those of each.
    """

    replaced_with: tuple[str, ...] = ()

    def machine(self, id: str, spec: MachineSpec) -> Machine:
        units = [unit.local(self.network.id, spec.zone) for unit in spec.units]
        group = LocalMachine(
            name=spec.name,
            kind=self.spec.kind,
            processes=tuple(unit.process for unit in units),
            addresses=tuple(address for unit in units for address in unit.addresses),
        )
        made = add_machine(
            self.scope,
            id,
            group,
            (*spec.replaced_with, *self.replaced_with),
            self.depends_on,
            changes_running=self.spec.kind == "edge",
        )
        address = self.network.subnets[spec.zone]
        return Machine(id=_id(made), public_address=address, private_address=address)


def add_machine(
    scope: Construct,
    id: str,
    group: LocalMachine,
    replaced_with: Sequence[str] = (),
    depends_on: Sequence[ITerraformDependable] = (),
    *,
    changes_running: bool = False,
) -> TerraformResource:
    """A machine that Terraform starts and ends.

    Whatever changes in it replaces it, and so does a change of the expressions `replaced_with`.
    With `changes_running` the start gets the changed machine while the one before runs, which may
    take the change. It starts after what it `depends_on`, and ends before.
    """
    text = group.to_json()
    triggers = [hashlib.sha256(text.encode()).hexdigest(), *replaced_with]
    folder = f"{STATE}/machines/{group.name}"
    resource = _terraform_data(scope, id, folder=folder, triggers=triggers, depends_on=depends_on)
    if changes_running:
        # Terraform runs no destroy command then for what it replaces, only for what is to go.
        resource.add_override("lifecycle", {"create_before_destroy": True})
    # Not in the resource itself, whose every word a plan would show.
    told = TerraformLocal(scope, f"{id}-processes", escape(text))
    _run(
        resource, create="start", destroy="stop", environment={"TRUNKLINE_MACHINE": told.as_string}
    )
    return resource


def _terraform_data(
    scope: Construct,
    id: str,
    *,
    folder: str,
    triggers: Sequence[str],
    depends_on: Sequence[ITerraformDependable] = (),
) -> TerraformResource:
    # The framework's own class would ask for Terraform on PATH, which synthesis does not need.
    resource = TerraformResource(
        scope, id, terraform_resource_type=TERRAFORM_DATA, depends_on=list(depends_on)
    )
    python = os.environ.get(PYTHON, sys.executable)
    resource.add_override("input", {"folder": folder, "python": python})
    resource.add_override("triggers_replace", list(triggers))
    return resource


def _run(
    resource: TerraformResource, *, create: str, destroy: str, environment: Mapping[str, str]
) -> None:
    """The commands with which a resource is made and unmade; each gets its folder."""
    made = {"command": _command(create), "environment": dict(environment)}
    unmade = {"command": _command(destroy), "when": "destroy"}
    resource.add_override("provisioner", [{"local-exec": made}, {"local-exec": unmade}])


def _command(name: str) -> str:
    """A destroy command may know its own resource only, so Python and folder are kept in it."""
    python = f'"$${{{PYTHON}:-${{self.input.python}}}}"'
    # Without exec, Terraform would kill the shell alone where a run is cut off.
    return f"exec {python} -m trunkline.local {name} ${{self.input.folder}}"


def _id(resource: TerraformResource) -> str:
    return f"${{{_address(resource)}.id}}"


def _address(resource: TerraformResource) -> str:
    return f"{TERRAFORM_DATA}.{resource.friendly_unique_id}"
