"""Tailscale, which joins an edge to the backbone."""

from __future__ import annotations

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.unit import UNITS, MachineFile, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

PROGRAM = "/usr/local/lib/trunkline/tailscale"


@frozen(kw_only=True)
class Tailscale(NodeUnit):
    """Logs the vendor's daemon in with the auth key that `Configuration` writes, and keeps it so.

    One that `forwards` also passes packets between networks, as soon as its firewall is there.
    `signing_keys` are those that the package's repository may be signed with.
    """

    version: str = DEFAULT_VERSIONS.tailscale
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.tailscale
    forwards: bool = False

    @property
    def package(self) -> VendorPackage:
        # https://pkgs.tailscale.com/stable/#debian-trixie
        return VendorPackage(
            name="tailscale",
            version=self.version,
            url="https://pkgs.tailscale.com/stable/debian",
            suite="trixie",
            key_url="https://pkgs.tailscale.com/stable/debian/trixie.noarmor.gpg",
            key_file="tailscale.gpg",
            fingerprints=self.signing_keys,
        )

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nftables",)

    @property
    def service(self) -> str:
        return packaged("tailscale.service").replace("@FOLDER@", FOLDER)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        own = f"{self.drop_ins}/20-tailscale.conf"
        vendors = f"{UNITS}/tailscaled.service.d/20-trunkline.conf"
        return (
            MachineFile(PROGRAM, machine_program("tailscale")),
            MachineFile(own, packaged("tailscale.conf")),
            MachineFile(vendors, packaged("tailscaled.conf")),
            *(self.forwarding if self.forwards else ()),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: each edge sends to the port from which the others send to it.

        https://tailscale.com/kb/1082/firewall-ports
        """
        return Firewall(
            egress=(
                Rule(name="backbone-41641", port=41641, protocol="udp"),
                Rule(name="backbone-stun", port=3478, protocol="udp"),
            )
        )
