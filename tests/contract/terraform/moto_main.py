"""The moto server, with what it gets wrong about our stacks put right; takes moto_server's options.

moto forgets the security groups of a machine that asks for a public address at its creation: it
keeps them at the network interface only. Terraform would want to add them again and again.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instances import Instance
from moto.server import main

attach_interfaces = Instance.prep_nics


def attach_interfaces_and_groups(machine: Any, *args: Any, **kwargs: Any) -> None:
    """The machine has the security groups of its first network interface."""
    attach_interfaces(machine, *args, **kwargs)
    machine.security_groups = machine.security_groups or list(machine.nics[0].group_set)


if __name__ == "__main__":
    Instance.prep_nics = attach_interfaces_and_groups  # type: ignore
    main()
