"""AWS: the instance metadata service, version 2 only, and Systems Manager's parameter store."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass, field

from .cloud import METADATA_ADDRESS, Secrets, tree_answer
from .web import Doubles, Request, Response

INSTANCE = "i-0123456789abcdef0"
# cloud-init recognises a cloud by what its firmware says.
FIRMWARE = {
    "system-uuid": "ec2e1916-9099-7caf-fd21-012345abcdef",
    "system-serial-number": "ec2e1916-9099-7caf-fd21-012345abcdef",
    "system-manufacturer": "Amazon EC2",
    "system-product-name": "t4g.small",
}
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+),\s*"
    r"SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})$"
)


@dataclass
class Aws:
    secrets: Secrets
    region: str = "us-east-1"
    role: str = "trunkline-edge"
    name: str = "aws"
    reads: list[int] = field(default_factory=list)
    refused: int = 0  # metadata requests without a session token, as version 1 makes them
    user_data: str = ""
    _key: str = "ASIATESTTESTTESTTEST"
    _secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(30))
    _session: str = field(default_factory=lambda: secrets.token_urlsafe(60))
    _tokens: set[str] = field(default_factory=set)

    def http(self) -> Doubles:
        return {METADATA_ADDRESS: _Metadata(self)}

    def https(self) -> Doubles:
        return {f"ssm.{self.region}.amazonaws.com": _ParameterStore(self)}

    def files(self, user_data: str) -> dict[str, str]:
        self.user_data = user_data
        return {"etc/cloud/cloud.cfg.d/91_datasource.cfg": "datasource_list: [Ec2]\n"}

    @property
    def firmware(self) -> dict[str, str]:
        return FIRMWARE

    def metadata(self) -> dict[str, object]:
        identity = {"instanceId": INSTANCE, "region": self.region, "accountId": "123456789012"}
        placement = {"region": self.region, "availability-zone": f"{self.region}a"}
        return {
            "meta-data": {
                "ami-id": "ami-0123456789abcdef0",
                "instance-id": INSTANCE,
                "local-hostname": "ip-10-90-0-2.ec2.internal",
                "placement": placement,
                "network": {"interfaces": {"macs": {}}},
                "iam": {"security-credentials": {self.role: self._credentials()}},
            },
            "dynamic": {"instance-identity": {"document": json.dumps(identity)}},
            "user-data": self.user_data,
        }

    def _credentials(self) -> str:
        return json.dumps(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "AccessKeyId": self._key,
                "SecretAccessKey": self._secret_key,
                "Token": self._session,
                "LastUpdated": "2026-01-01T00:00:00Z",
                "Expiration": "2099-01-01T00:00:00Z",
            }
        )


@dataclass
class _Metadata:
    cloud: Aws

    def answer(self, request: Request) -> Response:
        if request.path == "/latest/api/token":
            return self._new_token(request)
        if request.headers.get("x-aws-ec2-metadata-token") not in self.cloud._tokens:
            self.cloud.refused += 1
            return Response.text("Unauthorized", 401)
        _version, _, path = request.path.lstrip("/").partition("/")
        return tree_answer(self.cloud.metadata(), path)

    def _new_token(self, request: Request) -> Response:
        lifetime = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if request.method != "PUT":
            return Response.text("method not allowed", 405)
        if not lifetime.isdigit() or not 1 <= int(lifetime) <= 21600:
            return Response.text("bad lifetime", 400)
        token = secrets.token_urlsafe(24)
        self.cloud._tokens.add(token)
        return Response(200, token.encode(), {"X-aws-ec2-metadata-token-ttl-seconds": lifetime})


@dataclass
class _ParameterStore:
    cloud: Aws

    def answer(self, request: Request) -> Response:
        response = self._judge(request)
        self.cloud.reads.append(response.status)
        return response

    def _judge(self, request: Request) -> Response:
        if fault := self._fault(request):
            return _refusal(*fault)
        if self.cloud.secrets.refusals:
            return _refusal(*_store_refusal(self.cloud.secrets.refusals.pop(0)))
        wanted = json.loads(request.body)
        if wanted.get("Name") not in self.cloud.secrets.values:
            return _refusal(400, "ParameterNotFound")
        if wanted.get("WithDecryption") is not True:
            return _refusal(400, "the value would come back encrypted")
        value = self.cloud.secrets.values[wanted["Name"]]
        parameter = {"Name": wanted["Name"], "Type": "SecureString", "Value": value}
        return Response.json({"Parameter": parameter})

    def _fault(self, request: Request) -> tuple[int, str] | None:
        if request.headers.get("x-amz-target") != "AmazonSSM.GetParameter":
            return 400, "UnknownOperationException"
        if request.headers.get("content-type") != "application/x-amz-json-1.1":
            return 400, "SerializationException"
        found = _AUTHORIZATION.match(request.headers.get("authorization", ""))
        if not found or found["key"] != self.cloud._key:
            return 400, "MissingAuthenticationTokenException"
        if request.headers.get("x-amz-security-token") != self.cloud._session:
            return 400, "UnrecognizedClientException"
        return self._signature_fault(request, found)

    def _signature_fault(self, request: Request, found: re.Match[str]) -> tuple[int, str] | None:
        signed = found["headers"].split(";")
        if not {"host", "x-amz-date"} <= set(signed) or _skew(request) > 300:
            return 400, "IncompleteSignatureException"
        expected = signature(self.cloud._secret_key, found["scope"], signed, request)
        scope = f"{request.headers['x-amz-date'][:8]}/{self.cloud.region}/ssm/aws4_request"
        if found["scope"] != scope or not hmac.compare_digest(expected, found["signature"]):
            return 400, "InvalidSignatureException"
        return None


def signature(secret_key: str, scope: str, signed: list[str], request: Request) -> str:
    """Signature version 4, from AWS's description of it."""
    canonical = "\n".join(
        [
            request.method,
            request.path,
            request.query,
            *(f"{name}:{request.headers.get(name, '').strip()}" for name in signed),
            "",
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, digest])
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _skew(request: Request) -> float:
    stamp = f"{request.headers.get('x-amz-date', '20000101T000000Z')}+0000"
    then = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ%z")
    return abs((datetime.datetime.now(datetime.UTC) - then).total_seconds())


def _refusal(status: int, kind: str) -> Response:
    return Response.json({"__type": kind, "message": "refused by the double"}, status)


_FAULTS = {
    429: (400, "ThrottlingException"),
    500: (500, "InternalServerError"),
    503: (503, "ServiceUnavailable"),
}


def _store_refusal(status: int) -> tuple[int, str]:
    """The status and the word with which the store throttles, fails or, for the rest, denies."""
    return _FAULTS.get(status, (status, "AccessDeniedException"))
