"""The Workers runtime, of the one npm package for this platform that `npm ci` has chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.examples import ROOT


def find_workerd() -> Path | None:
    """The binary; None where it is not installed."""
    found = sorted(ROOT.glob("node_modules/@cloudflare/workerd-*/bin/workerd*"))
    return found[0] if found else None


def workerd_or_skip() -> Path:
    """The binary; without it the test that asks is skipped."""
    return find_workerd() or pytest.skip("needs workerd; run: make node_modules/ready")
