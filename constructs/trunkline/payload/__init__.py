"""What a machine runs: cloud-init user data, systemd units and install scripts."""

from trunkline.payload.cloud_config import packaged
from trunkline.payload.edge import EdgePayload
from trunkline.payload.payload import Payload
from trunkline.payload.probe import ProbePayload
from trunkline.payload.secret import SecretSource

__all__ = ["EdgePayload", "Payload", "ProbePayload", "SecretSource", "packaged"]
