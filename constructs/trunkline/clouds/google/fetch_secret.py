"""Print a secret of Secret Manager, read with the identity of this machine.

Usage: fetch-secret NAME
"""

import base64
import json
import sys
import urllib.request

METADATA = "http://metadata.google.internal/computeMetadata/v1/"


def ask(url: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def main(name: str) -> None:
    flavor = {"Metadata-Flavor": "Google"}
    project = ask(METADATA + "project/project-id", flavor)
    token = json.loads(ask(METADATA + "instance/service-accounts/default/token", flavor))
    secret = f"projects/{project}/secrets/{name}/versions/latest"
    bearer = {"Authorization": "Bearer " + token["access_token"]}
    answer = ask(f"https://secretmanager.googleapis.com/v1/{secret}:access", bearer)
    print(base64.b64decode(json.loads(answer)["payload"]["data"]).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
