"""Secrets that were pasted into a text, recognised by their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

# Names first: where two patterns match at one place, the first says what it is.
_PATTERNS = (
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^\"']*"),
    ("an AWS access key ID", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})"),
    ("a Google API key", r"\bAIza[\w-]{35}"),
    ("a Google OAuth secret", r"\b(?:GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})"),
    ("an Azure client secret", r"(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w.~-])"),
    ("an Azure storage key", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="),
    ("a shared access signature", r"\bsig=[A-Za-z0-9%+/=]{40,}"),
    ("a Cloudflare Origin CA key", r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{100,}"),
    ("a Cloudflare API token", r"\bcf(?:k|ut|at)_[A-Za-z0-9_-]{30,}"),
    ("a Cloudflare global API key", r"(?<![\w-])[0-9a-f]{37}(?![\w-])"),
    ("an HCP Terraform token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}"),
    ("a tunnel token or a JSON web token", r"\beyJ[\w.=-]{20,}"),
    ("a password in a URL", r"(?<=://)[^\s/:@]*:[^\s/@]+(?=@)"),
)
# Cloudflare API tokens and AWS secret access keys have no mark except length and disorder.
_RANDOM = re.compile(r"(?<![\w+/=.:-])[\w+/-]{40}(?![\w+/=.-])")
_DISORDER = 16
# The fingerprint of a signing key, as gpg prints it; no token is made of these digits alone.
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")
_MASK = "(secret)"
_SHAPES = tuple((name, re.compile(pattern)) for name, pattern in _PATTERNS)


@frozen
class Leak:
    """A secret inside a text: what it looks like, and its half-open range of offsets."""

    kind: str
    start: int
    end: int


def find_leaks(text: str) -> Iterator[Leak]:
    """Every secret in `text`; where several shapes match the same place, each of them."""
    for kind, shape in _SHAPES:
        for match in shape.finditer(text):
            yield Leak(kind, *match.span())
    for match in _RANDOM.finditer(text):
        if _is_random(match.group()):
            yield Leak("an API token or a secret access key", *match.span())


def redact(text: str) -> str:
    """`text` with every secret replaced."""
    for _, shape in _SHAPES:
        text = shape.sub(_MASK, text)
    return _RANDOM.sub(lambda match: _MASK if _is_random(match.group()) else match.group(), text)


def _is_random(text: str) -> bool:
    """Whether the kind of character changes often: about 24 times in a token, under 10 in names."""
    if _FINGERPRINT.fullmatch(text):
        return False
    kinds = [(c.isupper(), c.islower(), c.isdigit()) for c in text]
    return sum(left != right for left, right in pairwise(kinds)) >= _DISORDER
