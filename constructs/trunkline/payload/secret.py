"""How a machine reads a secret: a small script of the standard library, and what to ask for.

The script asks the cloud's metadata service who the machine is, and the cloud's secret store for
the secret. Nothing but names stands in the user data.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class SecretSource:
    """The text of the script that prints the secret, and its arguments."""

    script: str
    arguments: tuple[str, ...]
