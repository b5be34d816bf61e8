"""A stack's folder whose machines end with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.machines import Stack
from support.machines import stack as make_stack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with make_stack(tmp_path) as made:
        yield made
