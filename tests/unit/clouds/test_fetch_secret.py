"""What a machine asks of its cloud to read its secret; tests/contract/boot runs it on machines."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import define, field
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from trunkline.clouds.aws import fetch_secret as aws
from trunkline.clouds.azure import fetch_secret as azure
from trunkline.clouds.google import fetch_secret as google

KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI", "Token": "session"}


@define
class Network:
    """Answers what a test lists, address by address; keeps the requests."""

    answers: Mapping[str, str]
    requests: list[urllib.request.Request] = field(factory=list)

    def __call__(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        self.requests.append(request)
        return io.BytesIO(self.answers[request.full_url].encode())

    def header(self, number: int, name: str) -> str | None:
        """What a request said; `urllib` writes names with one capital."""
        return self.requests[number].get_header(name.capitalize())


def network(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, str]) -> Network:
    made = Network(answers)
    monkeypatch.setattr(urllib.request, "urlopen", made)
    return made


def test_aws_is_asked_with_the_role_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    roles = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
    answers = {
        "http://169.254.169.254/latest/api/token": "imds",
        "http://169.254.169.254/latest/meta-data/placement/region": "eu-central-1",
        roles: "edge\n",
        f"{roles}edge": json.dumps(KEYS),
        "https://ssm.eu-central-1.amazonaws.com/": json.dumps({"Parameter": {"Value": "secret"}}),
    }
    asked = network(monkeypatch, answers)
    aws.main("/trunkline/edge/token")
    assert capsys.readouterr().out == "secret\n"
    assert [request.get_method() for request in asked.requests] == ["PUT", *["GET"] * 3, "POST"]
    assert asked.header(1, "x-aws-ec2-metadata-token") == "imds"
    body: Any = asked.requests[-1].data
    assert json.loads(body) == {"Name": "/trunkline/edge/token", "WithDecryption": True}


def test_the_signature_for_aws_is_that_of_amazons_own_library() -> None:
    body, now = b'{"Name": "n"}', "20261124T074219Z"
    url, headers = aws.sign("us-east-1", KEYS, body, now)
    signed = [name for name in headers if name not in ("authorization", "host")]
    request = AWSRequest("POST", url, {name: headers[name] for name in signed}, body)
    request.context["timestamp"] = now
    signer = SigV4Auth(
        Credentials(KEYS["AccessKeyId"], KEYS["SecretAccessKey"]), "ssm", "us-east-1"
    )
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert headers["authorization"].endswith(f"Signature={signer.signature(text, request)}")


def test_google_is_asked_with_the_service_account_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = "http://metadata.google.internal/computeMetadata/v1"
    secret = "projects/acme/secrets/key/versions/latest:access"
    payload = {"payload": {"data": base64.b64encode("gehëim".encode()).decode()}}
    answers = {
        f"{metadata}/project/project-id": "acme",
        f"{metadata}/instance/service-accounts/default/token": '{"access_token": "t"}',
        f"https://secretmanager.googleapis.com/v1/{secret}": json.dumps(payload),
    }
    asked = network(monkeypatch, answers)
    google.main("key")
    assert capsys.readouterr().out == "gehëim\n"
    assert asked.header(0, "metadata-flavor") == "Google"
    assert asked.header(2, "authorization") == "Bearer t"


def test_azure_is_asked_with_the_identity_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {
        azure.METADATA + azure.QUERY: '{"access_token": "t"}',
        "https://v.vault.azure.net/secrets/key?api-version=7.4": '{"value": "secret"}',
    }
    asked = network(monkeypatch, answers)
    azure.main("v", "key")
    assert capsys.readouterr().out == "secret\n"
    assert asked.header(0, "metadata") == "true"
    assert asked.header(1, "authorization") == "Bearer t"
