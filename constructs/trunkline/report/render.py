"""From a page to the text of one HTML file that asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from trunkline.report.build import Page

TEMPLATE, STYLE = "report.html.jinja", "report.css"


def render(page: Page) -> str:
    """The HTML; its policy allows its own style and nothing else."""
    sheet = style()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_read(TEMPLATE))
    return template.render(page=page, style=Markup(sheet), policy=_policy(sheet)) + "\n"  # noqa: S704


def style() -> str:
    """The style sheet of the page and of its drawings."""
    return _read(STYLE)


def _policy(sheet: str) -> str:
    """The Content-Security-Policy: the style by its hash, no script, no image, no font."""
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _read(name: str) -> str:
    return (files("trunkline.report") / name).read_text("utf-8")
