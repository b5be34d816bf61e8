"""What the tested machines are given, read from the Terraform that an example topology becomes.

The one place that knows where each cloud's resources carry user data and the names of secrets.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from trunkline.model import EDGE_KEY_HEADER
from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load

CloudName = Literal["aws", "google", "azure"]

# One site per cloud, each named like its cloud.
TOPOLOGY = Path(__file__).parents[3] / "topologies" / "three-clouds.yaml"
PREFIXES = ("/api/v5", "/api/v6", "/api/v7")
EDGE_PORT = 8080  # on loopback, where the tunnel's configuration leads
METRICS_PORT = 2000
PUBLIC_PORT = 443
EDGE_KEY = "5e" * 32
PROBE_PORT = 8100
CONNECT_PORT = 8101  # where the other probes time a connection
OPERATOR_ADDRESS = "10.90.0.1"  # the cloud's end of the cable
CLIENT_CA = "/etc/envoy/cloudflare-origin-pull-ca.pem"


@dataclass(frozen=True)
class Payload:
    """One machine's first instructions, and the names in the cloud around it."""

    user_data: str
    startup_script: str = ""  # Google's second way in
    secrets: Mapping[str, str] = field(default_factory=dict)
    """The secrets by name, as the stack has them: with Terraform's expressions."""
    hostname: str = ""
    region: str = "us-east-1"
    project: str = ""
    vault: str = "none"
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the operator passes to the stack beside the keys, by Terraform's expression for it."""

    @property
    def own_secret(self) -> str:
        """The name of the secret that is an expression alone: a token, or the key of probes."""
        whole = (name for name, text in self.secrets.items() if text.startswith("${"))
        return next((name for name in whole if self.secrets[name] not in self.variables), "")

    def stored(self, own: str) -> dict[str, str]:
        """The secrets as Terraform writes them, with `own` for that expression."""
        keys = {"${var.edge_key}": EDGE_KEY, "${var.edge_key_previous}": "", **self.variables}
        stored = {}
        for name, text in self.secrets.items():
            for expression, value in keys.items():
                text = text.replace(expression, value)
            stored[name] = own if name == self.own_secret else text
        return stored

    @property
    def headers(self) -> dict[str, str]:
        """What a request to the edge has to carry."""
        return {"Host": self.hostname, EDGE_KEY_HEADER: EDGE_KEY}


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
        return next(iter(self.all(kind)), {})

    def all(self, kind: str) -> list[dict[str, Any]]:
        return list(self.resources.get(kind, {}).values())

    @property
    def hostname(self) -> str:
        """The name of the edge, or of the first probe."""
        return str(self.first("cloudflare_dns_record").get("name", ""))


def tunnelled(folder: Path, key: str) -> Stacks:
    """The example, with edges behind tunnels and probes that the machine's other side may ask.

    The vendors' doubles sign with the key that has the fingerprint `key`.
    """
    operators = f"operators: [{OPERATOR_ADDRESS}/32]"
    text, count = re.subn(r"operators: \[.*\]", operators, TOPOLOGY.read_text())
    assert count == 1, "the example no longer says who may ask its probes"
    return _synthesized(text, folder, key)


def public(folder: Path, key: str) -> Stacks:
    """The example with edges that Cloudflare reaches from outside."""
    text, count = re.subn(r"exposure: tunnel\b", "exposure: public", TOPOLOGY.read_text())
    assert count == 1, "the example no longer says how its edges are exposed"
    return _synthesized(text, folder, key)


def meshed(folder: Path, key: str, control_plane: str) -> Stacks:
    """The example with edges that have a control plane, and look for a change every 5 seconds."""
    more = f"  control_plane: {control_plane}\n  poll_seconds: 5"
    text, count = re.subn(r"^  exposure: tunnel\b.*", more, TOPOLOGY.read_text(), flags=re.M)
    assert count == 1, "the example no longer says how its edges are exposed"
    return _synthesized(text, folder, key)


def _synthesized(text: str, folder: Path, key: str) -> Stacks:
    source = folder / "topology.yaml"
    keys = f"  versions: {{signing_keys: {{envoy: [{key}], cloudflared: [{key}]}}}}"
    text, count = re.subn(r"^edge:.*\n", rf"\g<0>{keys}\n", text, flags=re.M)
    assert count == 1, "the example no longer says what its edges are"
    source.write_text(text)
    synthesize(load(source), folder / "out")
    return Stacks(folder / "out")


def _aws(stack: Resources) -> Payload:
    return Payload(
        terraform_reads(next(text for name, text in stack.locals.items() if "-text_" in name)),
        secrets={each["name"]: each["value"] for each in stack.all("aws_ssm_parameter")},
        hostname=stack.hostname,
        region=stack.providers["aws"][0]["region"],
    )


def _google(stack: Resources) -> Payload:
    metadata = stack.first("google_compute_instance")["metadata"]
    return Payload(
        terraform_reads(metadata["user-data"]),
        terraform_reads(metadata["startup-script"]),
        secrets=_google_secrets(stack),
        hostname=stack.hostname,
        project=stack.providers["google"][0]["project"],
    )


def _google_secrets(stack: Resources) -> dict[str, str]:
    """A version names its secret by the secret's address in the stack."""
    kind = "google_secret_manager_secret"
    names = {address: each["secret_id"] for address, each in stack.resources[kind].items()}
    return {
        names[each["secret"].split(".")[1]]: each["secret_data"]
        for each in stack.all(f"{kind}_version")
    }


def _azure(stack: Resources) -> Payload:
    machine = stack.first("azurerm_linux_virtual_machine")
    return Payload(
        base64.b64decode(machine["custom_data"]).decode(),
        secrets={each["name"]: each["value"] for each in stack.all("azurerm_key_vault_secret")},
        hostname=stack.hostname,
        vault=stack.first("azurerm_key_vault").get("name", "none"),
    )


_PAYLOADS = {"aws": _aws, "google": _google, "azure": _azure}


def terraform_reads(text: str) -> str:
    """A string of Terraform JSON as the cloud gets it; a machine's text holds no expression."""
    assert not _expressions(text), f"Terraform would evaluate {_expressions(text)}"
    return text.replace("$${", "${").replace("%%{", "%{")


def _expressions(text: str) -> Iterable[str]:
    return [found[0] for found in re.finditer(r"(?<!\$)\$\{[^}]*\}?|(?<!%)%\{[^}]*\}?", text)]
