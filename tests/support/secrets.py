"""Texts with the shapes of secrets."""

from __future__ import annotations

import random
import string

RNG = random.Random(7)
LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def noise(length: int, alphabet: str = LETTERS) -> str:
    """Random characters, the same ones in every run."""
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
