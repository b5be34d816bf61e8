"""The Worker in workerd, the runtime that Cloudflare itself runs it in: its configuration.

https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
"""

from __future__ import annotations

import json

from trunkline.routing.spec import Script

# By default a Worker may not reach loopback, where local edges answer.
_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ( name = "worker",
      worker = (
        modules = [ ( name = "{module}", esModule = embed "{module}" ) ],
        compatibilityDate = "{date}",
        bindings = [ {bindings} ],
        globalOutbound = "loopback" ) ),
    ( name = "loopback", network = ( allow = ["local", "private"] ) ),
  ],
  sockets = [ ( name = "http", address = "{address}", http = (), service = "worker" ) ],
);
"""


def workerd_config(script: Script, address: str) -> str:
    """The configuration that serves `script` on `address` (`host:port`).

    The script's module is embedded from the file of its name beside the configuration.
    """
    bindings = ", ".join(
        f"( name = {json.dumps(name)}, text = {json.dumps(value)} )"
        for name, value in {**script.bindings, **script.secrets}.items()
    )
    return _CONFIG.format(
        module=script.main_module,
        date=script.compatibility_date,
        bindings=bindings,
        address=address,
    )
