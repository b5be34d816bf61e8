"""The key that all probes and the operator share."""

from __future__ import annotations

import pytest

from trunkline.errors import TrunklineError
from trunkline.probing.key import generate_key, parse_key


def test_each_generated_key_is_different_and_valid() -> None:
    keys = {generate_key() for _ in range(20)}
    assert len({parse_key(f" {key}\n", "the test") for key in keys}) == 20
    assert {len(parse_key(key, "the test")) for key in keys} == {32}


@pytest.mark.parametrize("text", ["", "secret", "0" * 63, "0" * 65, "g" * 64, "\u0660" * 64])
def test_an_invalid_key_is_refused_without_being_printed(text: str) -> None:
    with pytest.raises(TrunklineError, match="somewhere: not a valid probe key") as raised:
        parse_key(text, "somewhere")
    assert not text or text not in str(raised.value)
