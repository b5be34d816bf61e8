"""The command line: one file per command, and `app.py`, which joins them."""

from trunkline.cli.app import main

__all__ = ["main"]
