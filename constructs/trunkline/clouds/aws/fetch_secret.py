"""Print a parameter of Parameter Store, read with the identity of this machine.

Usage: fetch-secret NAME. Signature version 4 as in
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import sys
import time
import urllib.request

IMDS = "http://169.254.169.254/latest/"


def ask(
    url: str, headers: dict[str, str], data: bytes | None = None, method: str | None = None
) -> str:
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def metadata() -> tuple[str, dict[str, str]]:
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = {"X-aws-ec2-metadata-token": ask(IMDS + "api/token", lifetime, method="PUT")}
    region = ask(IMDS + "meta-data/placement/region", token)
    roles = IMDS + "meta-data/iam/security-credentials/"
    return region, json.loads(ask(roles + ask(roles, token).split()[0], token))


def sign(
    region: str, credentials: dict[str, str], body: bytes, now: str
) -> tuple[str, dict[str, str]]:
    host = f"ssm.{region}.amazonaws.com"
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": now,
        "x-amz-security-token": credentials["Token"],
        "x-amz-target": "AmazonSSM.GetParameter",
    }
    names = ";".join(headers)
    lines = "".join(f"{k}:{v}\n" for k, v in headers.items())
    digest = hashlib.sha256(body).hexdigest()
    request = f"POST\n/\n\n{lines}\n{names}\n{digest}"
    scope = f"{now[:8]}/{region}/ssm/aws4_request"
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashed}"
    key = ("AWS4" + credentials["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"Credential={credentials['AccessKeyId']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 {who}, SignedHeaders={names}, Signature={signature}"
    )
    return f"https://{host}/", headers


def main(name: str) -> None:
    region, credentials = metadata()
    body = json.dumps({"Name": name, "WithDecryption": True}).encode()
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    url, headers = sign(region, credentials, body, now)
    print(json.loads(ask(url, headers, body))["Parameter"]["Value"])


if __name__ == "__main__":
    main(*sys.argv[1:])
