"""Cloudflare's WARP client, which joins an edge to the backbone as a node of its mesh."""

from __future__ import annotations

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.unit import UNITS, MachineFile, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

PROGRAM = "/usr/local/lib/trunkline/warp"
# Of MASQUE; registration and its own fallback take HTTPS, which every machine may send.
# https://developers.cloudflare.com/cloudflare-one/team-and-resources/devices/cloudflare-one-client/deployment/firewall/
INGRESS = ("162.159.197.0/24",)


@frozen(kw_only=True)
class Warp(NodeUnit):
    """Registers the vendor's daemon with the token that `Configuration` writes, and connects it.

    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.warp
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.warp

    @property
    def package(self) -> VendorPackage:
        # https://developers.cloudflare.com/mesh/guides/run-mesh-on-linux/ ; the key is in ASCII.
        return VendorPackage(
            name="cloudflare-warp",
            version=self.version,
            url="https://pkg.cloudflareclient.com",
            suite="trixie",
            key_url="https://pkg.cloudflareclient.com/pubkey.gpg",
            key_file="cloudflare-warp.asc",
            fingerprints=self.signing_keys,
        )

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nftables",)

    @property
    def service(self) -> str:
        return packaged("warp.service").replace("@FOLDER@", FOLDER)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        own = f"{UNITS}/trunkline-{self.name}.service.d/20-warp.conf"
        vendors = f"{UNITS}/warp-svc.service.d/20-trunkline.conf"
        return (
            MachineFile(PROGRAM, machine_program("warp")),
            MachineFile(own, packaged("warp.conf")),
            MachineFile(vendors, packaged("warp-svc.conf")),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: all that reaches the machine comes through what it has opened."""
        return Firewall(
            egress=(Rule(name="backbone-443", port=443, protocol="udp", cidrs=INGRESS),)
        )
