"""What machines run: units, and the user data that is made of them."""

from trunkline.payload.cloud_config import machine_firewall, user_data
from trunkline.payload.firewall import ANYWHERE, Firewall, Rule, Transit
from trunkline.payload.secret import SecretSource
from trunkline.payload.unit import LocalUnit, MachineFile, Unit, packaged

__all__ = [
    "ANYWHERE",
    "Firewall",
    "LocalUnit",
    "MachineFile",
    "Rule",
    "SecretSource",
    "Transit",
    "Unit",
    "machine_firewall",
    "packaged",
    "user_data",
]
