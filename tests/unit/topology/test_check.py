"""Secrets that were pasted into a topology are found, and no finding repeats one."""

from __future__ import annotations

import pytest
from support.examples import ROOT
from support.secrets import SECRETS

from trunkline.topology import Finding, check_text

BASE = (ROOT / "tests" / "schema" / "valid" / "smallest.yaml").read_text()


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize(
    "place",
    ["  plan: {}\n", "  {}: x\n", "  # {}\n", "  add_ons: [{}]\n", "  unknown: {{ deep: [{}] }}\n"],
)
def test_a_secret_is_found_wherever_it_stands(kind: str, place: str) -> None:
    secret = SECRETS[kind].replace("\n", "")
    quoted = secret if place.startswith("  #") else f'"{secret}"'
    text = BASE.replace("cloudflare:\n", "cloudflare:\n" + place.format(quoted))
    _, findings = check_text(text)
    assert any("looks like" in finding.message for finding in findings)
    assert all(secret not in str(finding) for finding in findings)


def test_a_secret_in_a_file_that_is_not_yaml() -> None:
    secret = SECRETS["a GitHub token"]
    _, findings = check_text(f"a: [\n  {secret}\nb: '")
    assert any("looks like a GitHub token" in finding.message for finding in findings)
    assert all(secret not in str(finding) for finding in findings)


def errors(text: str) -> list[Finding]:
    return [finding for finding in check_text(text)[1] if finding.level == "error"]


def test_a_secret_under_a_telling_name() -> None:
    text = BASE.replace("cloudflare:\n", "cloudflare:\n  apiToken: swordfish\n")
    (finding,) = errors(text)
    assert "by its name" in finding.message
    assert "swordfish" not in str(finding)


def test_a_secret_behind_a_hash_in_quotes_is_found_once() -> None:
    secret = SECRETS["an AWS access key ID"]
    assert len(errors(BASE.replace("name: demo", f'name: "demo # {secret}"'))) == 1
