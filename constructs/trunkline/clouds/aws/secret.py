"""How a machine reads its secret: with `fetch_secret.py`, and its own identity."""

from __future__ import annotations

from importlib.resources import files

from trunkline.payload.secret import SecretSource


def secret_source(name: str) -> SecretSource:
    """A parameter of Parameter Store, by name, in the machine's own region."""
    script = files("trunkline.clouds.aws").joinpath("fetch_secret.py").read_text("utf-8")
    return SecretSource(script, (name,))
