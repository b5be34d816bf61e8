"""Provider packages in milliseconds: `trunkline.bindings.install()`; see `lazy.py`."""

from trunkline.bindings.lazy import install

__all__ = ["install"]
