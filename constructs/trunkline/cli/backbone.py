"""`trunkline backbone`: the commands about what joins the sites."""

from __future__ import annotations

import typer

from trunkline.cli.backbone_authorize import authorize
from trunkline.cli.backbone_check import check
from trunkline.cli.backbone_compare import compare

backbone_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Choose, set up and check what joins the sites.",
)
backbone_app.command(short_help="Compare the kinds of backbone.")(compare)
backbone_app.command(short_help="Let the edges into a network at ZeroTier.")(authorize)
backbone_app.command(short_help="Check every path and service.")(check)
