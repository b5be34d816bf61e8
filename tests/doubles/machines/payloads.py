"""What the tested machines are given, read from the Terraform that an example topology becomes.

The one place that knows where each cloud's resources carry user data and the names of secrets.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load

CloudName = Literal["aws", "google", "azure"]

# One site per cloud, each named like its cloud.
TOPOLOGY = Path(__file__).parents[3] / "topologies" / "three-clouds.yaml"
PREFIXES = ("/api/v5", "/api/v6", "/api/v7")
EDGE_PORT = 8080  # on loopback, where the tunnel's configuration leads
METRICS_PORT = 2000
PUBLIC_PORT = 443
PROBE_PORT = 8100
CONNECT_PORT = 8101  # where the other probes time a connection
OPERATOR_ADDRESS = "10.90.0.1"  # the cloud's end of the cable
CLIENT_CA = "/etc/envoy/cloudflare-origin-pull-ca.pem"


@dataclass(frozen=True)
class Payload:
    """One machine's first instructions, and the names in the cloud around it."""

    user_data: str
    startup_script: str = ""  # Google's second way in
    secret: str = ""
    region: str = "us-east-1"
    project: str = ""
    vault: str = "none"


@dataclass(frozen=True)
class Stacks:
    folder: Path

    def edge(self, cloud: CloudName) -> Payload:
        return _PAYLOADS[cloud](self._resources(f"edge-{cloud}"))

    def probe(self, cloud: CloudName) -> Payload:
        return _PAYLOADS[cloud](self._resources(f"probes-{cloud}"))

    def _resources(self, stack: str) -> Resources:
        whole = json.loads((self.folder / "stacks" / stack / "cdk.tf.json").read_text())
        return Resources(whole["resource"], whole["provider"], whole.get("locals", {}))


@dataclass(frozen=True)
class Resources:
    resources: dict[str, dict[str, Any]]
    providers: dict[str, list[dict[str, Any]]]
    locals: dict[str, str]

    def first(self, kind: str) -> dict[str, Any]:
        """The first resource of a kind; probes are all alike. Nothing where there is none."""
        return next(iter(self.resources.get(kind, {}).values()), {})


def tunnelled(folder: Path) -> Stacks:
    """The example, with edges behind tunnels and probes that the machine's other side may ask."""
    operators = f"operators: [{OPERATOR_ADDRESS}/32]"
    text, count = re.subn(r"operators: \[.*\]", operators, TOPOLOGY.read_text())
    assert count == 1, "the example no longer says who may ask its probes"
    return _synthesized(text, folder)


def public(folder: Path) -> Stacks:
    """The example with edges that Cloudflare reaches from outside."""
    text, count = re.subn(r"exposure: tunnel\b", "exposure: public", TOPOLOGY.read_text())
    assert count == 1, "the example no longer says how its edges are exposed"
    return _synthesized(text, folder)


def _synthesized(text: str, folder: Path) -> Stacks:
    source = folder / "topology.yaml"
    source.write_text(text)
    synthesize(load(source), folder / "out")
    return Stacks(folder / "out")


def _aws(stack: Resources) -> Payload:
    return Payload(
        terraform_reads(next(text for name, text in stack.locals.items() if "-text_" in name)),
        secret=stack.first("aws_ssm_parameter").get("name", ""),
        region=stack.providers["aws"][0]["region"],
    )


def _google(stack: Resources) -> Payload:
    metadata = stack.first("google_compute_instance")["metadata"]
    return Payload(
        terraform_reads(metadata["user-data"]),
        terraform_reads(metadata["startup-script"]),
        secret=stack.first("google_secret_manager_secret").get("secret_id", ""),
        project=stack.providers["google"][0]["project"],
    )


def _azure(stack: Resources) -> Payload:
    machine = stack.first("azurerm_linux_virtual_machine")
    return Payload(
        base64.b64decode(machine["custom_data"]).decode(),
        secret=stack.first("azurerm_key_vault_secret").get("name", ""),
        vault=stack.first("azurerm_key_vault").get("name", "none"),
    )


_PAYLOADS = {"aws": _aws, "google": _google, "azure": _azure}


def terraform_reads(text: str) -> str:
    """A string of Terraform JSON as the cloud gets it; a machine's text holds no expression."""
    assert not _expressions(text), f"Terraform would evaluate {_expressions(text)}"
    return text.replace("$${", "${").replace("%%{", "%{")


def _expressions(text: str) -> Iterable[str]:
    return [found[0] for found in re.finditer(r"(?<!\$)\$\{[^}]*\}?|(?<!%)%\{[^}]*\}?", text)]
