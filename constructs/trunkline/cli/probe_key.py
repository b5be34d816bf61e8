"""`trunkline probe-key`: makes a new key for the probes."""

from __future__ import annotations

import typer


def probe_key() -> None:
    """Print a new key for the probes and for collect.

    For instance: export TF_VAR_probe_key=$(trunkline probe-key). Terraform and collect both read it
    from there. Keep it where you keep secrets.
    """
    from trunkline.probing.key import generate_key

    typer.echo(generate_key())
