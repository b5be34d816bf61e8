"""What an edge runs: the model turned into an Envoy bootstrap, as plain dicts ready for JSON.

    bootstrap ── listener ── connection_manager ── route
            └─── cluster

Written for and run with Envoy 1.40; nothing here imports CDKTF.
"""

from trunkline.envoy.bootstrap import bootstrap
from trunkline.envoy.listener import Listener, LoopbackListener, TlsListener

__all__ = ["Listener", "LoopbackListener", "TlsListener", "bootstrap"]
