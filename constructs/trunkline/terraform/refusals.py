"""What Terraform's own refusals mean, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

from trunkline.terraform.transcript import Trouble

SHOWN = 240  # characters of a text that nobody has shortened


@frozen
class Refusal:
    """An error that is known.

    - `pattern`: a regular expression that is found in its text.
    - `remedy`: what to do, as the end of a sentence; `{stack}` is the stack's folder, `{terraform}`
      the program, and the pattern's named groups are words of the text.
    """

    pattern: str
    remedy: str


OF_TERRAFORM = (
    Refusal(
        r"(?s)Error acquiring the state lock.*?ID:\s+(?P<id>\S+).*?Who:\s+(?P<who>\S+)"
        r".*?Created:\s+(?P<since>\S+ [\d:]+)",
        "{who} has been at work on it since {since}: wait for that run; if it has died, "
        "{terraform} -chdir={stack} force-unlock {id}",
    ),
    Refusal(
        r"Error acquiring the state lock",
        "somebody else is at work on it: wait for that run",
    ),
    Refusal(
        r"Saved plan is stale",
        "somebody else has changed it since it was planned; run the command again",
    ),
    Refusal(
        r"Backend configuration (?:block has )?changed|Backend initialization required",
        "the place of its state is another one now: {terraform} -chdir={stack} init -migrate-state",
    ),
    Refusal(
        r"Failed to query available provider packages|Failed to install provider",
        "the registry of providers does not answer: is there a network, or a mirror in "
        "TF_CLI_CONFIG_FILE?",
    ),
)


def told(
    trouble: Trouble, stack: str, known: Iterable[Refusal] = (), program: str = "terraform"
) -> str:
    """An error in a line or two: what it says, then what to do where that is known."""
    text = _shortened(trouble)
    for refusal in (*OF_TERRAFORM, *known):
        if found := re.search(refusal.pattern, trouble.text, re.IGNORECASE):
            words = {"stack": stack, "terraform": program, **found.groupdict()}
            return f"{text}\n{refusal.remedy.format(**words)}"
    return text


def _shortened(trouble: Trouble) -> str:
    """The summary, and the paragraph of the detail that says most: mostly the first."""
    paragraphs = [" ".join(part.split()) for part in trouble.detail.split("\n\n")]
    detail = next((part for part in paragraphs if part and part != trouble.summary), "")
    lines = trouble.summary if not detail else f"{trouble.summary}: {detail}"
    if trouble.address:
        lines = f"{trouble.address}: {lines}"
    return lines if len(lines) <= SHOWN else f"{lines[:SHOWN]}…"
