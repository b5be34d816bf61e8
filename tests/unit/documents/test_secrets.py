from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from trunkline.documents.findings import shown
from trunkline.documents.secrets import find_leaks, redact
from trunkline.topology import Finding, check_text

RNG = random.Random(7)
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE = (Path(__file__).parents[2] / "schema" / "valid" / "smallest.yaml").read_text()


def noise(length: int, alphabet: str = LETTERS) -> str:
    return "".join(RNG.choices(alphabet, k=length))


# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "an AWS access key ID": "AKIA" + noise(16, string.ascii_uppercase + string.digits),
    "a GitHub token": "gh" + "p_" + noise(36),
    "a Google API key": "AI" + "za" + noise(35),
    "a Google OAuth secret": "GOC" + "SPX-" + noise(28),
    "an Azure client secret": noise(3) + "8" + "Q~" + noise(34),
    "an Azure storage key": noise(86) + "==",
    "a shared access signature": "?sv=1&si" + "g=" + noise(43) + "%3D",
    "a Cloudflare Origin CA key": "v1" + ".0-" + noise(24, HEX) + "-" + noise(146, HEX),
    "a Cloudflare API token": "cf" + "ut_" + noise(40),
    "a Cloudflare global API key": noise(37, HEX),
    "an HCP Terraform token": noise(14) + ".atlas" + "v1." + noise(67),
    "a tunnel token or a JSON web token": "ey" + "J" + noise(120),
    "an API token or a secret access key": noise(40),
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----\n" + noise(64),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_secrets_are_known_and_hidden(kind: str) -> None:
    secret = SECRETS[kind]
    assert kind in [leak.kind for leak in find_leaks(f"x {secret} y")]
    assert secret not in redact(f"x {secret} y")


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


def test_no_part_of_a_secret_is_shown() -> None:
    assert shown("x" * 50 + " " + SECRETS["a GitHub token"]) == f'"{"x" * 50} (secret)"'


def test_password_in_a_url() -> None:
    assert redact("https://me:swordfish@example.com/") == "https://(secret)@example.com/"


@pytest.mark.parametrize(
    "text",
    [
        "0123456789abcdef0123456789abcdef",
        "00000000-0000-4000-8000-000000000000",
        "arn:aws:iam::123456789012:role/TrunklineTerraformDeploymentRole1234",
        "acme-terraform-state-production-eu-west1",
        "AcmeTerraformStateForProductionInEurope1",
        "subnet-0123456789abcdef0",
        "terraform@acme-backbone.iam.gserviceaccount.com",
        "http://internal-orders-1234567890.us-east-1.elb.amazonaws.com:8080",
    ],
)
def test_names_are_no_secrets(text: str) -> None:
    assert list(find_leaks(text)) == []
    assert redact(text) == text


def test_random_tokens_are_hardly_ever_missed() -> None:
    tokens = [noise(40) for _ in range(2000)]
    assert sum(not list(find_leaks(token)) for token in tokens) < 20
