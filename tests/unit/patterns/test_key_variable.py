"""Variables that take keys."""

from __future__ import annotations

from support.stacks import synthesized


def test_an_ephemeral_variable_is_marked_and_takes_a_key_alone() -> None:
    from trunkline.patterns.key_variable import ephemeral_variable

    made = synthesized(lambda stack: ephemeral_variable(stack, "node_key", "A key", "Not a key."))
    variable = made["variable"]["node_key"]
    assert variable["ephemeral"] is True
    assert variable["sensitive"] is True
    [check] = variable["validation"]
    assert check["condition"] == '${can(regex("^[0-9a-fA-F]{64}$", var.node_key))}'
    assert check["error_message"] == "Not a key."
