from __future__ import annotations

import pytest
from support.secrets import SECRETS, noise

from trunkline.documents.findings import shown
from trunkline.documents.secrets import find_leaks, redact


@pytest.mark.parametrize("kind", SECRETS)
def test_secrets_are_known_and_hidden(kind: str) -> None:
    secret = SECRETS[kind]
    assert kind in [leak.kind for leak in find_leaks(f"x {secret} y")]
    assert secret not in redact(f"x {secret} y")


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
        "0AFCE836BA4D1D35763C8523D8CDC3750181F31F",
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
