"""What a machine runs: cloud-init user data, systemd units and install scripts."""

from trunkline.payload.cloud_config import packaged
from trunkline.payload.edge import EdgePayload, edge_user_data
from trunkline.payload.probe import probe_user_data
from trunkline.payload.secret import SecretSource

__all__ = ["EdgePayload", "SecretSource", "edge_user_data", "packaged", "probe_user_data"]
