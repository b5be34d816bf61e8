"""A stack of a topology, before anything is in it."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import App, LocalBackend, TerraformOutput, TerraformStack

from trunkline.clouds.facts import facts_of
from trunkline.model import SITE, TOPOLOGY, Site, Topology
from trunkline.terraform.backends import backend

CONNECTIONS = {
    "private_address": "The machine's address in the network",
    "network_id": "The network of the machines",
    "security_group": "What rules of your own name to let them in",
    "identity": "What grants of your own name",
}


class TopologyStack(TerraformStack):
    """A stack whose state is where the topology says, with the tags of a site's resources."""

    def __init__(self, app: App, topology: Topology, name: str) -> None:
        super().__init__(app, name)
        self.topology = topology
        # No required_version: checkov reads no file that has one (3.3.30).
        _add_backend(self, *backend(topology.state, topology.name, name))

    def add_connections(self, site: Site, **values: str | None) -> None:
        """Outputs for resources of the user's own beside a site's machines; this machine has none.

        `values` are expressions by the names of CONNECTIONS; None where a cloud has no such thing.
        """
        if facts_of(site.cloud).on_this_machine:
            return
        for name, value in values.items():
            if value is not None:
                TerraformOutput(self, name, value=value, description=CONNECTIONS[name])

    def tags(self, site: Site) -> dict[str, str]:
        """The tags of everything that the stack makes for a site."""
        return {TOPOLOGY: self.topology.name, SITE: site.name, **self.topology.tags}


def _add_backend(stack: TerraformStack, name: str, arguments: Mapping[str, object]) -> None:
    """Written as it stands: the framework's classes lack `use_lockfile` and the like.

    Without any backend the framework adds a local one with an absolute path.
    """
    LocalBackend(stack, path=str(arguments.get("path", "")))
    if name == "local":
        return
    if name == "cloud":
        stack.add_override("terraform.backend", None)
        stack.add_override("terraform.cloud", arguments)
    else:
        stack.add_override("terraform.backend.local", None)
        stack.add_override(f"terraform.backend.{name}", arguments)
