"""The way to the program that measures the backbone, for `trunkline backbone check`."""

from __future__ import annotations

from trunkline.addresses.loopback import CHECK_PORT
from trunkline.envoy.extension import JsonObject

CHECK_PREFIX = "/.trunkline/backbone"
"""Below it the program answers; it is no prefix of a route, whose paths begin otherwise."""

_CLUSTER = "backbone-check"


def check_route() -> JsonObject:
    """The route to the program, which takes signed requests alone."""
    return {
        "name": _CLUSTER,
        "match": {"path_separated_prefix": CHECK_PREFIX},
        # It measures while the request waits.
        "route": {"cluster": _CLUSTER, "timeout": "90s"},
    }


def check_cluster() -> JsonObject:
    """The program on its port of loopback."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": CHECK_PORT}}
    return {
        "name": _CLUSTER,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": _CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
