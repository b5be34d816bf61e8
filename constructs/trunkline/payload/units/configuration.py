"""What keeps an Envoy's configuration as the cloud's secret store has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from attrs import Factory, frozen

from trunkline.errors import ConfigurationError
from trunkline.payload.cloud_config import FETCHER
from trunkline.payload.secret import SecretSource
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, machine_program, packaged

PROGRAM = "/usr/local/lib/trunkline/sync-configuration"
SETTINGS = "/etc/trunkline/configuration.json"
FOLDER = "/run/trunkline-configuration"
CERTIFICATE = f"{FOLDER}/tls.crt"
PRIVATE_KEY = f"{FOLDER}/tls.key"
TOKEN = f"{FOLDER}/token"


@frozen(kw_only=True)
class Configuration(Unit):
    """Looks every `seconds` for the items of `source` and gives them to the Envoy of `bootstrap`.

    Without a source Envoy has another server to ask: it brings the token, and what Envoy shows.

    - `zone`: where the machine stands.
    - `metadata`: the addresses of the metadata service, which is for this unit alone.
    - `token`: how to read the token of the tunnel, which it writes to TOKEN; None without a tunnel.
    - `shown`: how to read what Envoy shows others, by Envoy's name for it; without a source only.
    - `backbone_key`: how to read the machine's keys of the backbone; None where it joins none.
    - `public`: whether it makes a certificate for Envoy to show, before Envoy starts.
    """

    source: SecretSource | None
    bootstrap: str
    seconds: int
    zone: str
    metadata: tuple[str, ...]
    token: SecretSource | None = None
    shown: Mapping[str, SecretSource] = Factory(dict)
    backbone_key: SecretSource | None = None
    public: bool = False

    name: ClassVar = "configuration"
    remedy: ClassVar = "use a shorter name of the topology"

    @property
    def service(self) -> str:
        return packaged("configuration.service")

    @property
    def files(self) -> tuple[MachineFile, ...]:
        settings = {
            **self._fetch(),
            "seconds": self.seconds,
            "zone": self.zone,
            "envoy": "/usr/bin/envoy",
            "bootstrap": self.bootstrap,
            "folder": FOLDER,
            **_command("token", self.token),
            **_command("backbone_key", self.backbone_key),
        }
        return (
            MachineFile(PROGRAM, machine_program("sync")),
            MachineFile(SETTINGS, json.dumps(settings) + "\n"),
            self._drop_in("shared.conf", packaged("shared.conf")),
            self._drop_in("metadata.conf", self._deny_metadata()),
            *self._certificate(),
        )

    def _fetch(self) -> dict[str, object]:
        if self.source is None:
            shown = {name: [FETCHER, *each.arguments] for name, each in self.shown.items()}
            return {"shown": shown}
        *fixed, item = self.source.arguments
        return {"fetch": [FETCHER, *fixed], "item": item}

    def _certificate(self) -> tuple[MachineFile, ...]:
        name = "certificate.conf"
        return (self._drop_in(name, packaged(name)),) if self.public else ()

    def _deny_metadata(self) -> str:
        return packaged("metadata.conf").replace("@ADDRESSES@", " ".join(self.metadata))

    def _drop_in(self, name: str, content: str) -> MachineFile:
        return MachineFile(f"{UNITS}/trunkline-{self.name}.service.d/20-{name}", content)

    @property
    def secret(self) -> SecretSource | None:
        return self.source or self.token

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError(
            "an edge on this machine has its configuration in a file; use the exposure Loopback"
        )


def _command(name: str, source: SecretSource | None) -> dict[str, object]:
    return {name: [FETCHER, *source.arguments]} if source else {}
