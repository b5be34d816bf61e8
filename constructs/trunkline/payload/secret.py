"""How a machine reads a secret: a small script of the standard library, and what to ask for.

The script asks the cloud's metadata service who the machine is, and the cloud's secret store for
the secret. Nothing but names stands in the user data.
"""

from __future__ import annotations

from importlib.resources import files

from attrs import frozen


@frozen
class SecretSource:
    """The text of the script that prints the secret, and its arguments."""

    script: str
    arguments: tuple[str, ...]


def aws(name: str) -> SecretSource:
    """A parameter of Parameter Store, by name, in the machine's own region."""
    return SecretSource(_script("aws"), (name,))


def google(name: str) -> SecretSource:
    """The newest version of a secret of Secret Manager, in the machine's own project."""
    return SecretSource(_script("google"), (name,))


def azure(vault: str, name: str) -> SecretSource:
    """The newest version of a secret in a Key Vault."""
    return SecretSource(_script("azure"), (vault, name))


def _script(cloud: str) -> str:
    return files("trunkline.payload").joinpath("secrets", f"{cloud}.py").read_text("utf-8")
