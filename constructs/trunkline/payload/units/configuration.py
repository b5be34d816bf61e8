"""What keeps an Envoy's configuration as the cloud's secret store has it."""

from __future__ import annotations

import json
from typing import ClassVar

from attrs import frozen

from trunkline.errors import ConfigurationError
from trunkline.payload.cloud_config import FETCHER
from trunkline.payload.configuration import sync_source
from trunkline.payload.secret import SecretSource
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, packaged

PROGRAM = "/usr/local/lib/trunkline/sync-configuration"
SETTINGS = "/etc/trunkline/configuration.json"
FOLDER = "/run/trunkline-configuration"
CERTIFICATE = f"{FOLDER}/tls.crt"
PRIVATE_KEY = f"{FOLDER}/tls.key"


@frozen(kw_only=True)
class Configuration(Unit):
    """Looks every `seconds` for the items of `source` and gives them to the Envoy of `bootstrap`.

    The machine stands in `zone`. A `public` one makes Envoy's certificate, before Envoy starts.
    """

    source: SecretSource
    bootstrap: str
    seconds: int
    zone: str
    public: bool = False

    name: ClassVar = "configuration"
    remedy: ClassVar = "use a shorter name of the topology"

    @property
    def service(self) -> str:
        return packaged("configuration.service")

    @property
    def files(self) -> tuple[MachineFile, ...]:
        *fixed, item = self.source.arguments
        settings = {
            "fetch": [FETCHER, *fixed],
            "item": item,
            "seconds": self.seconds,
            "zone": self.zone,
            "envoy": "/usr/bin/envoy",
            "bootstrap": self.bootstrap,
            "folder": FOLDER,
        }
        return (
            MachineFile(PROGRAM, sync_source()),
            MachineFile(SETTINGS, json.dumps(settings) + "\n"),
            self._drop_in("shared.conf"),
            *((self._drop_in("certificate.conf"),) if self.public else ()),
        )

    def _drop_in(self, name: str) -> MachineFile:
        folder = f"{UNITS}/trunkline-{self.name}.service.d"
        return MachineFile(f"{folder}/20-{name}", packaged(name))

    @property
    def secret(self) -> SecretSource:
        return self.source

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError(
            "an edge on this machine has its configuration in a file; use the exposure Loopback"
        )
