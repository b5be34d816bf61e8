"""ZeroTier, which joins an edge to the backbone."""

from __future__ import annotations

from attrs import frozen

from trunkline.model import DEFAULT_VERSIONS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.package import VendorPackage
from trunkline.payload.unit import UNITS, MachineFile, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

PROGRAM = "/usr/local/lib/trunkline/zerotier"
HOME = "/run/trunkline-backbone"
ZEROTIER_PORT = 9993


@frozen(kw_only=True)
class ZeroTier(NodeUnit):
    """Runs the vendor's daemon with the identity that the files of `Configuration` say.

    One that `forwards` also passes packets between networks, as soon as its firewall is there.
    `signing_keys` are those that the package's repository may be signed with.
    """

    forwards: bool = False
    version: str = DEFAULT_VERSIONS.zerotier
    signing_keys: tuple[str, ...] = DEFAULT_VERSIONS.signing_keys.zerotier

    @property
    def package(self) -> VendorPackage:
        # What https://install.zerotier.com writes on Debian.
        return VendorPackage(
            name="zerotier-one",
            version=self.version,
            url="https://download.zerotier.com/debian/trixie",
            suite="trixie",
            key_url="https://download.zerotier.com/contact%40zerotier.com.gpg",
            key_file="zerotier.asc",
            fingerprints=self.signing_keys,
        )

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nftables",)

    @property
    def service(self) -> str:
        return packaged("zerotier.service").replace("@FOLDER@", FOLDER).replace("@HOME@", HOME)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        own = f"{self.drop_ins}/20-zerotier.conf"
        vendors = f"{UNITS}/zerotier-one.service.d/20-trunkline.conf"
        return (
            MachineFile(PROGRAM, machine_program("zerotier")),
            MachineFile(own, packaged("zerotier.conf")),
            MachineFile(vendors, packaged("zerotier-one.conf")),
            *(self.forwarding if self.forwards else ()),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: each edge sends to the port from which the others send to it."""
        return Firewall(egress=(Rule(name="backbone", port=ZEROTIER_PORT, protocol="udp"),))
