"""Ranges within the range of a network."""

from __future__ import annotations

import ipaddress


def subnet_cidr(cidr: str, index: int) -> str:
    """The sixteenth number `index` of an IPv4 range: `10.0.0.0/16`, 1 gives `10.0.16.0/20`."""
    return str(list(ipaddress.ip_network(cidr).subnets(prefixlen_diff=4))[index])
