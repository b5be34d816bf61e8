"""Terraform expressions in what ends as text on a machine, where Terraform cannot fill them in."""

from __future__ import annotations

import re

from trunkline.errors import ConfigurationError

# What CDKTF puts in place of a text or a list, and of a number, until it writes the stack:
# https://developer.hashicorp.com/terraform/cdktf/concepts/tokens
_EXPRESSION = re.compile(r"[$#]\{TfToken\[TOKEN\.\d+\]\}|-8\.1095622125\d+e\+298")


def holds_expression(text: str) -> bool:
    """Whether a text holds a Terraform expression, whose value is not known yet."""
    return _EXPRESSION.search(text) is not None


def refuse_expression(text: str, place: str) -> None:
    """Raise ConfigurationError where `text`, which ends in `place`, holds an expression."""
    if holds_expression(text):
        raise ConfigurationError(
            f"{place} would hold a Terraform expression, like my_instance.private_ip, whose "
            "value is not known when the stack is written; give one that is: an address in plain "
            "text, or a name in your private DNS that leads to the resource"
        )
