"""Runs in the test machine, before cloud-init: a container has no firmware and no DHCP.

On a real machine cloud-init recognises the cloud by the firmware's strings, and asks DHCP for an
address before it asks for the metadata. Here it is told the strings, and finds the network up.
"""

import json
import sys
from pathlib import Path

if any(word.endswith("cloud-init") for word in sys.orig_argv):
    from cloudinit import dmi  # type: ignore[import-not-found]
    from cloudinit.net import dhcp  # type: ignore[import-not-found]

    dmi.read_dmi_data = json.loads(Path("/etc/test-firmware.json").read_text()).get
    dhcp.ALL_DHCP_CLIENTS.clear()
