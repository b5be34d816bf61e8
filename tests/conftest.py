"""What holds for every test."""

from __future__ import annotations

from trunkline import bindings

# Before any test imports a provider package: else each worker spends 37 s and 1.4 GB on it.
bindings.install()
