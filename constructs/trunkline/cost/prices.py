"""List prices in US dollars an hour, of northern Virginia, read in 2026.

https://aws.amazon.com/ec2/pricing/on-demand/ ,
https://cloud.google.com/compute/vm-instance-pricing ,
https://azure.microsoft.com/pricing/details/virtual-machines/linux/ ; other regions differ by a few
tens of percent.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.model import CloudName

# By cloud and size; None stands for the size that a site without `machine` gets.
MACHINES: Mapping[CloudName, Mapping[str | None, float]] = {
    "aws": {None: 0.0084, "t4g.micro": 0.0084, "t4g.small": 0.0168},
    "google": {None: 0.00943, "e2-micro": 0.00943, "e2-small": 0.01887},
    "azure": {None: 0.0084, "Standard_B2pts_v2": 0.0084, "Standard_B1s": 0.0104},
}

PUBLIC_IPV4 = 0.005
"""A public IPv4 address, the same in each of the three clouds."""
