"""How a machine reads its secret: with `fetch_secret.py`, and its own identity."""

from __future__ import annotations

from importlib.resources import files

from trunkline.payload.secret import SecretSource


def secret_source(vault: str, name: str) -> SecretSource:
    """The newest version of a secret in a Key Vault."""
    script = files("trunkline.clouds.azure").joinpath("fetch_secret.py").read_text("utf-8")
    return SecretSource(script, (vault, name))
