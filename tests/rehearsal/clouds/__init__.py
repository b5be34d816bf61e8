"""One file for each cloud: what its resources mean for a machine."""

from __future__ import annotations

from rehearsal.clouds import aws, azure, google
from rehearsal.clouds.base import Sky

BY_CLOUD: dict[str, Sky] = {"aws": aws.SKY, "google": google.SKY, "azure": azure.SKY}
BY_MACHINE: dict[str, Sky] = {sky.machine_type: sky for sky in BY_CLOUD.values()}
