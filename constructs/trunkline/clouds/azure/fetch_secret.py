"""Print a secret of a Key Vault, read with the identity of this machine.

Usage: fetch-secret VAULT NAME
"""

import json
import sys
import urllib.request

METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"
QUERY = "?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net"


def ask(url: str, headers: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        content: dict[str, str] = json.loads(answer.read())
        return content


def main(vault: str, name: str) -> None:
    token = ask(METADATA + QUERY, {"Metadata": "true"})["access_token"]
    url = f"https://{vault}.vault.azure.net/secrets/{name}?api-version=7.4"
    print(ask(url, {"Authorization": "Bearer " + token})["value"])


if __name__ == "__main__":
    main(*sys.argv[1:])
